// A server for Debian's iperf3: TCP, one test at a time, in one or several streams and either way. It reports
// what really arrived: at the end of a test the client says how much it has sent, and the server waits for
// that. Asked for a number of bytes the other way (-R -n), it gives exactly so many.

#include <algorithm>
#include <cstring>
#include <format>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <holm/main.h>
#include <holm/net.h>
#include <holm/task.h>

#include "base/network_order.h"
#include "tests/image/images/iperf3/protocol.h"

using holm::Bytes;
using holm::Duration;
using holm::Event;
using holm::Instant;
using holm::MutableBytes;
using holm::Result;
using holm::Scope;
using holm::Task;
using holm::TcpStream;
using iperf3::Cookie;
using iperf3::State;

namespace {

constexpr Duration kPatience = Duration::seconds(20);  // with a client whose turn it is
constexpr std::size_t kConnections = 160;              // at once; a test has 129 at most

Instant soon() {
    return holm::executor().now() + kPatience;
}

Task<Result<>> read(TcpStream& stream, MutableBytes into, Instant deadline) {
    while (!into.empty()) {
        const Bytes bytes = CO_TRY(co_await stream.receive(deadline));
        if (bytes.empty())
            co_return holm::fail(holm::ErrorCode::kBrokenPipe, "the client has finished early");
        const std::size_t size = std::min(bytes.size(), into.size());
        std::memcpy(into.data(), bytes.data(), size);
        stream.consume(size);
        into = into.subspan(size);
    }
    co_return {};
}

Task<Result<>> expect(TcpStream& control, State state, Instant deadline) {
    std::byte byte{};
    CO_TRY(co_await read(control, MutableBytes(&byte, 1), deadline));
    if (static_cast<State>(byte) != state)
        co_return holm::fail(holm::ErrorCode::kProtocol, "the client says what it should not say now");
    co_return {};
}

Task<Result<>> tell(TcpStream& control, State state) {
    const auto byte = static_cast<std::byte>(state);
    co_return co_await control.send(Bytes(&byte, 1), soon());
}

Task<Result<>> refuse(TcpStream& control, iperf3::Refusal refusal) {
    CO_TRY(co_await tell(control, State::kServerError));
    // Behind iperf3's own number comes that of the system's error: none.
    const std::array<holm::NetU32, 2> numbers{static_cast<std::uint32_t>(refusal), 0U};
    CO_TRY(co_await control.send(std::as_bytes(std::span(numbers)), soon()));
    co_return holm::fail(holm::ErrorCode::kProtocol, "the client asks for what there is not");
}

// An empty text stands for one that is too long: no JSON either.
Task<Result<std::string>> read_text(TcpStream& control) {
    holm::NetU32 size;
    CO_TRY(co_await read(control, std::as_writable_bytes(std::span(&size, 1)), soon()));
    std::string text;
    if (size > iperf3::kMaximumText) co_return text;
    text.resize(size);
    CO_TRY(co_await read(control, std::as_writable_bytes(std::span(text)), soon()));
    co_return text;
}

Task<Result<>> write_text(TcpStream& control, std::string_view text) {
    const holm::NetU32 size = static_cast<std::uint32_t>(text.size());
    CO_TRY(co_await control.send(std::as_bytes(std::span(&size, 1)), soon()));
    co_return co_await control.send(holm::as_bytes(text), soon());
}

struct Transfer {
    TcpStream stream;
    std::uint64_t bytes = 0;
};

struct Test {
    explicit Test(const Cookie& theirs) : cookie(theirs) {}

    bool admits(const Cookie& other) const { return transfers.size() < expected_streams && other == cookie; }

    Cookie cookie;
    iperf3::Parameters parameters;
    std::vector<Transfer> transfers;
    std::size_t expected_streams = 0;
    Event complete;  // all streams are here
    // What the server sends, and how much of it is left.
    std::vector<std::byte> block;
    std::uint64_t left = std::numeric_limits<std::uint64_t>::max();
    Event over;
    // What it receives.
    std::uint64_t taken = 0;
    std::uint64_t expected = std::numeric_limits<std::uint64_t>::max();
    Event all_taken;
};

Task<> give(Test& test, Transfer& transfer) {
    while (!test.over.is_set() && test.left > 0) {
        const std::size_t size = std::min<std::uint64_t>(test.block.size(), test.left);
        test.left -= size;
        if (!co_await transfer.stream.send(Bytes(test.block).first(size))) co_return;
        transfer.bytes += size;
    }
    // The client, which reads all that was sent of one stream before it looks at the next, needs its end.
    co_await test.over.wait();
    transfer.stream.shutdown_send();
}

Task<> take(Test& test, Transfer& transfer) {
    for (;;) {
        const auto bytes = co_await transfer.stream.receive();
        if (!bytes || bytes->empty()) co_return;
        transfer.bytes += bytes->size();
        test.taken += bytes->size();
        transfer.stream.consume(bytes->size());
        if (test.taken >= test.expected) test.all_taken.set();
    }
}

Task<> wait_for(Event& event) {
    co_await event.wait();
}

Task<Result<>> join(Scope& scope) {
    co_return co_await scope.join();
}

// Until the streams of the test are there.
Task<Result<>> prepare(TcpStream& control, Test& test) {
    CO_TRY(co_await tell(control, State::kParamExchange));
    const std::string text = CO_TRY(co_await read_text(control));
    const auto parameters = iperf3::read_parameters(text);
    if (!parameters) co_return co_await refuse(control, parameters.error());
    test.parameters = *parameters;
    if (parameters->reverse) {
        test.block.resize(parameters->block);
        for (std::size_t i = 0; i < test.block.size(); ++i) test.block[i] = std::byte((i + i / 251) & 0xff);
        if (parameters->bytes > 0) test.left = parameters->bytes;
    }
    test.transfers.reserve(parameters->streams);
    test.expected_streams = parameters->streams;
    CO_TRY(co_await tell(control, State::kCreateStreams));
    co_return co_await holm::with_deadline(soon(), wait_for(test.complete));
}

// The test itself; the text is what the console tells of it.
Task<Result<std::string>> run(TcpStream& control, Test& test) {
    CO_TRY(co_await prepare(control, test));
    const bool reverse = test.parameters.reverse;
    CO_TRY(co_await tell(control, State::kTestStart));
    CO_TRY(co_await tell(control, State::kTestRunning));

    holm::Executor& executor = holm::executor();
    const Instant begin = executor.now();
    const Duration processor = executor.processor_time();
    Scope scope;
    for (Transfer& transfer : test.transfers)
        scope.start(reverse ? give(test, transfer) : take(test, transfer));
    const std::int64_t seconds = test.parameters.seconds > 0 ? test.parameters.seconds : 3600;
    CO_TRY(co_await expect(control, State::kTestEnd, soon() + Duration::seconds(seconds)));
    // The client goes on reading until it is told to exchange results, so that what senders have begun with
    // is taken.
    test.over.set();
    if (reverse) CO_TRY(co_await holm::with_deadline(soon(), join(scope)));
    const Duration elapsed = std::max(executor.now() - begin, Duration::nanoseconds(1));
    const Duration worked = executor.processor_time() - processor;

    CO_TRY(co_await tell(control, State::kExchangeResults));
    const std::string text = CO_TRY(co_await read_text(control));
    const auto theirs = iperf3::read_total(text);
    if (!theirs) co_return holm::fail(holm::ErrorCode::kProtocol, "the client's results are none");
    if (!reverse) {
        test.expected = *theirs;
        // Behind the deadline the results say what there is.
        if (test.taken < *theirs) (void)co_await holm::with_deadline(soon(), wait_for(test.all_taken));
    }
    std::vector<iperf3::StreamResult> results;
    std::uint64_t ours = 0;
    for (const Transfer& transfer : test.transfers) {
        ours += transfer.bytes;
        results.push_back(
            {transfer.bytes, reverse ? std::int64_t{transfer.stream.information().retransmissions} : -1});
    }
    const auto nanoseconds = static_cast<double>(elapsed.as_nanoseconds());
    CO_TRY(co_await write_text(
        control, iperf3::write_results(results, reverse, nanoseconds / 1e9,
                                       100 * static_cast<double>(worked.as_nanoseconds()) / nanoseconds)));
    CO_TRY(co_await tell(control, State::kDisplayResults));
    CO_TRY(co_await expect(control, State::kDone, soon()));
    co_return std::format("{} {} bytes in {} streams, the client {}", reverse ? "gave" : "took", ours,
                          results.size(), *theirs);
}

class Server {
  public:
    explicit Server(holm::Machine& machine) : machine_(machine) {}

    Task<Result<>> listen() {
        auto listener = CO_TRY(machine_.net().listen(iperf3::kPort));
        Scope connections;
        for (;;) {
            TcpStream stream = CO_TRY(co_await listener.accept());
            if (permits_.try_acquire() && !connections.start(meet(std::move(stream)))) permits_.release();
        }
    }

  private:
    Task<> meet(TcpStream stream) {
        stream.set_no_delay(true);
        Cookie cookie;
        if (co_await read(stream, cookie, soon())) co_await serve(std::move(stream), cookie);
        permits_.release();
    }

    // What a connection is for: its cookie tells.
    Task<> serve(TcpStream stream, const Cookie& cookie) {
        if (!running_) {
            co_await control(std::move(stream), cookie);
        } else if (running_->admits(cookie)) {
            running_->transfers.push_back({std::move(stream)});
            if (running_->transfers.size() == running_->expected_streams) running_->complete.set();
        } else {
            (void)co_await tell(stream, State::kAccessDenied);
        }
    }

    Task<> control(TcpStream stream, const Cookie& cookie) {
        Test test(cookie);
        const Running running(running_, test);
        const auto told = co_await run(stream, test);
        machine_.console().print("iperf3: ", told ? *told : std::format("no test: {}", told.error().what),
                                 "\n");
    }

    // As long as its task, however that ends.
    struct Running {
        Running(Test*& pointer, Test& test) : running(pointer) { running = &test; }
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        ~Running() { running = nullptr; }
        Test*& running;
    };

    holm::Machine& machine_;
    Test* running_ = nullptr;
    holm::Semaphore permits_{kConnections};
};

}  // namespace

Task<> holm::main(Machine& machine) {
    Server server(machine);
    Scope scope;
    scope.start(server.listen());
    machine.console().print("iperf3: ready\n");
    co_await machine.stop().wait();
}

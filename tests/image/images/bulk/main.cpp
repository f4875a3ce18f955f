// Endless streams over TCP, for measurements and for tests that want every byte in its place. Port 9 takes
// all that comes and, when the peer has finished, answers with the number of bytes and the number of wrong
// ones; port 21 does not look at them. Port 19 sends for ever, copying as send() does; port 20 the same by
// reference. Port 22 holds who comes, and does nothing else. Byte i of a stream is (i + i / 251) mod 256.

#include <array>
#include <cstdint>
#include <format>
#include <memory>
#include <utility>
#include <vector>

#include <holm/main.h>
#include <holm/net.h>
#include <holm/task.h>

using holm::Bytes;
using holm::Result;
using holm::Task;

namespace {

constexpr std::size_t kPeriod = std::size_t{251} * 256;  // after which the pattern repeats
constexpr std::size_t kPatternSize = 4 * kPeriod;
using Pattern = std::array<std::byte, kPatternSize>;

const Pattern& pattern() {
    static const std::unique_ptr<const Pattern> made = [] {
        auto bytes = std::make_unique<Pattern>();
        for (std::size_t i = 0; i < bytes->size(); ++i) (*bytes)[i] = std::byte((i + i / 251) & 0xff);
        return bytes;
    }();
    return *made;
}

Task<> take(holm::TcpStream stream, bool look) {
    std::uint64_t received = 0;
    std::uint64_t wrong = 0;
    for (;;) {
        const auto bytes = co_await stream.receive();
        if (!bytes) co_return;
        if (bytes->empty()) break;
        Bytes rest = *bytes;
        if (!look) received += std::exchange(rest, {}).size();
        while (!rest.empty()) {
            const std::size_t at = received % kPeriod;
            const Bytes part = rest.first(std::min(rest.size(), kPatternSize - at));
            if (std::memcmp(part.data(), pattern().data() + at, part.size()) != 0) ++wrong;
            received += part.size();
            rest = rest.subspan(part.size());
        }
        stream.consume(bytes->size());
    }
    (void)co_await stream.send(holm::as_bytes(std::format("{} {}\n", received, wrong)));
    stream.shutdown_send();
}

Task<> give(holm::TcpStream stream, bool by_reference) {
    const Bytes whole(pattern());
    for (;;) {
        const Result<> sent =
            by_reference ? co_await stream.send_reference(whole, nullptr) : co_await stream.send(whole);
        if (!sent) co_return;
    }
}

template <typename Serve>
Task<Result<>> listen(holm::Network& network, std::uint16_t port, Serve serve) {
    auto listener = CO_TRY(network.listen(port));
    holm::Scope connections;
    for (;;) connections.start(serve(CO_TRY(co_await listener.accept())));
}

Task<Result<>> hold(holm::Network& network) {
    auto listener = CO_TRY(network.listen(22));
    std::vector<holm::TcpStream> held;
    for (;;) held.push_back(CO_TRY(co_await listener.accept()));
}

Task<Result<>> wait_for_stop(holm::Machine& machine) {
    co_await machine.stop().wait();
    co_return holm::fail(holm::ErrorCode::kCancelled, "stopped");
}

}  // namespace

Task<> holm::main(Machine& machine) {
    (void)co_await with_scope([&](Scope& scope) -> Task<Result<>> {
        Network& network = machine.net();
        scope.start(listen(network, 9, [](TcpStream stream) { return take(std::move(stream), true); }));
        scope.start(listen(network, 21, [](TcpStream stream) { return take(std::move(stream), false); }));
        scope.start(listen(network, 19, [](TcpStream stream) { return give(std::move(stream), false); }));
        scope.start(listen(network, 20, [](TcpStream stream) { return give(std::move(stream), true); }));
        scope.start(hold(network));
        scope.start(wait_for_stop(machine));
        machine.console().print("bulk: ready\n");
        co_return {};
    });
}

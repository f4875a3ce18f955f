#include <string>

#include <doctest/doctest.h>

#include "kernel/network/tcp_listener.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/network/udp_socket.h"
#include "kernel/task/deadline.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"
#include "net/stack.h"
#include "tests/unit/kernel/core_fixture.h"

using namespace holm;

namespace {

constexpr net::Endpoint kServer{net::IpAddress::v4(127, 0, 0, 1), 7};

// A core whose stack has only its loopback interface.
struct Loopback final : test::CoreFixture, Poller {
    Loopback() : stack(net::Stack::Configuration{}) { executor.add(*this); }

    bool receive(Instant) override { return false; }
    void transmit(Instant now) override { stack.transmit(now); }
    Instant next_deadline() override { return stack.next_deadline(); }
    platform::Readiness readiness() override { return {}; }

    TcpListener listen() { return *TcpListener::create(*stack.tcp().listen(kServer, 8)); }
    Task<Result<TcpStream>> connect() {
        auto stream = *TcpStream::create(*stack.tcp().connect(executor.now(), kServer));
        CO_TRY(co_await stream.connected());
        co_return stream;
    }
    UdpSocket udp(std::uint16_t port) {
        auto socket = *stack.udp().open();
        REQUIRE(socket->bind({net::IpAddress::any_v4(), port}));
        return *UdpSocket::create(std::move(socket));
    }
    // Runs a task to its end, and all that it needs.
    void run(Task<> task) {
        Scope scope;
        scope.start([](Task<> body, Executor& here) -> Task<> {
            co_await std::move(body);
            here.stop();
        }(std::move(task), executor));
        executor.run();
    }

    net::Stack stack;
};

Task<Result<>> echo(TcpStream stream) {
    for (;;) {
        const Bytes bytes = CO_TRY(co_await stream.receive());
        if (bytes.empty()) co_return {};
        CO_TRY(co_await stream.send(bytes));
        stream.consume(bytes.size());
    }
}

}  // namespace

TEST_CASE("an echo server and its client, one megabyte through buffers of a quarter") {
    Loopback host;
    std::size_t heard = 0;
    bool intact = true;
    host.run([](Loopback& here, std::size_t& count, bool& same) -> Task<> {
        auto listener = here.listen();
        Scope scope;
        scope.start([](TcpListener& from) -> Task<Result<>> {
            co_return co_await echo(CO_TRY(co_await from.accept()));
        }(listener));
        TcpStream stream = *co_await here.connect();
        const std::string text(1 << 20, 'm');
        scope.start([](TcpStream& to, const std::string& bytes) -> Task<Result<>> {
            CO_TRY(co_await to.send(as_bytes(bytes)));
            to.shutdown_send();
            co_return {};
        }(stream, text));
        for (;;) {
            const auto bytes = co_await stream.receive();
            REQUIRE(bytes);
            if (bytes->empty()) break;
            count += bytes->size();
            for (const std::byte byte : *bytes) same &= byte == std::byte{'m'};
            stream.consume(bytes->size());
        }
        CHECK(co_await scope.join());
    }(host, heard, intact));
    CHECK(heard == 1 << 20);
    CHECK(intact);
}

TEST_CASE("bytes sent by reference keep their owner until they are acknowledged") {
    struct Owner final : net::BufferOwner {
        void retain() override { ++users; }
        void release() override { --users; }
        int users = 0;
    };
    Loopback host;
    Owner owner;
    const std::string text(50'000, 'r');
    host.run([](Loopback& here, Owner& counted, const std::string& bytes) -> Task<> {
        auto listener = here.listen();
        TcpStream client = *co_await here.connect();
        TcpStream server = *co_await listener.accept();
        CHECK(co_await client.send_reference(as_bytes(bytes), &counted));
        std::size_t count = 0;
        while (count < bytes.size()) {
            const auto part = co_await server.receive();
            REQUIRE(part);
            count += part->size();
            server.consume(part->size());
        }
        co_await sleep(Duration::milliseconds(100));
        CHECK(client.connection().all_acknowledged());
    }(host, owner, text));
    CHECK(owner.users == 0);
}

TEST_CASE("who sends by reference without end waits for the peer") {
    Loopback host;
    static const std::string kPiece(100'000, 'r');
    constexpr std::size_t kPieces = 100;
    host.run([](Loopback& here) -> Task<> {
        auto listener = here.listen();
        TcpStream client = *co_await here.connect();
        TcpStream server = *co_await listener.accept();
        std::size_t most = 0;
        Scope sending;
        sending.start([](TcpStream& stream, std::size_t& queued) -> Task<> {
            for (std::size_t i = 0; i < kPieces; ++i) {
                CHECK(co_await stream.send_reference(as_bytes(kPiece), nullptr));
                queued = std::max(queued, stream.connection().unacknowledged_bytes());
            }
            stream.shutdown_send();
        }(client, most));
        std::size_t count = 0;
        for (;;) {
            const auto part = co_await server.receive();
            REQUIRE(part);
            if (part->empty()) break;
            count += part->size();
            server.consume(part->size());
        }
        CHECK(count == kPieces * kPiece.size());
        CHECK(most > (4U << 20U));
        CHECK(most < (4U << 20U) + kPiece.size());
    }(host));
}

TEST_CASE("waits end at their deadline and the connection goes on") {
    Loopback host;
    host.run([](Loopback& here) -> Task<> {
        auto listener = here.listen();
        const Instant soon = here.executor.now() + Duration::seconds(1);
        const auto nobody = co_await listener.accept(soon);
        REQUIRE_FALSE(nobody);
        CHECK(nobody.error().code == ErrorCode::kTimedOut);
        CHECK(here.executor.now() >= soon);

        TcpStream client = *co_await here.connect();
        TcpStream server = *co_await listener.accept();
        const auto nothing = co_await server.receive(here.executor.now() + Duration::milliseconds(10));
        REQUIRE_FALSE(nothing);
        CHECK(nothing.error().code == ErrorCode::kTimedOut);
        CHECK(co_await client.send(as_bytes("late")));
        const auto something = co_await server.receive(here.executor.now() + Duration::seconds(1));
        REQUIRE(something);
        CHECK(as_text(*something) == "late");
        // A buffer that nobody reads fills up.
        const std::string flood(4 << 20, 'f');
        const auto stuck =
            co_await client.send(as_bytes(flood), here.executor.now() + Duration::milliseconds(10));
        REQUIRE_FALSE(stuck);
        CHECK(stuck.error().code == ErrorCode::kTimedOut);
        client.abort();
    }(host));
}

TEST_CASE("a task that is cancelled in a wait leaves the socket usable") {
    Loopback host;
    host.run([](Loopback& here) -> Task<> {
        auto listener = here.listen();
        TcpStream client = *co_await here.connect();
        TcpStream server = *co_await listener.accept();
        {
            Scope scope;
            scope.start([](TcpStream& from) -> Task<> { (void)co_await from.receive(); }(server));
            co_await yield();
        }
        CHECK(co_await client.send(as_bytes("still here")));
        const auto bytes = co_await server.receive();
        REQUIRE(bytes);
        CHECK(as_text(*bytes) == "still here");
    }(host));
}

TEST_CASE("refused and reset connections say so") {
    Loopback host;
    host.run([](Loopback& here) -> Task<> {
        const auto refused = co_await here.connect();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::kConnectionRefused);

        auto listener = here.listen();
        TcpStream client = *co_await here.connect();
        TcpStream server = *co_await listener.accept();
        server.abort();
        const auto reset = co_await client.receive();
        REQUIRE_FALSE(reset);
        CHECK(reset.error().code == ErrorCode::kConnectionReset);
        CHECK_FALSE(co_await client.send(as_bytes("x")));
    }(host));
}

TEST_CASE("UDP sockets exchange datagrams; a wait for one ends at its deadline") {
    Loopback host;
    host.run([](Loopback& here) -> Task<> {
        UdpSocket server = here.udp(7), client = here.udp(0);
        CHECK(co_await client.send_to(kServer, as_bytes("one")));
        CHECK(co_await client.send_to(kServer, as_bytes("two")));
        for (const std::string_view text : {"one", "two"}) {
            const auto datagram = co_await server.receive();
            REQUIRE(datagram);
            CHECK(as_text(datagram->payload) == text);
            CHECK(datagram->source.port == client.local().port);
            CHECK(co_await server.send_to(datagram->source, datagram->payload));
        }
        CHECK(as_text((co_await client.receive())->payload) == "one");
        CHECK(as_text((co_await client.receive())->payload) == "two");
        const auto nothing = co_await client.receive(here.executor.now() + Duration::seconds(1));
        REQUIRE_FALSE(nothing);
        CHECK(nothing.error().code == ErrorCode::kTimedOut);
    }(host));
}

TEST_CASE("a connected UDP socket hears that nobody listens") {
    Loopback host;
    host.run([](Loopback& here) -> Task<> {
        UdpSocket client = here.udp(0);
        CHECK(client.connect(kServer));
        CHECK(co_await client.send(as_bytes("anyone?")));
        const auto refused = co_await client.receive();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::kConnectionRefused);
    }(host));
}

TEST_CASE("a stream is set and tells about itself") {
    Loopback host;
    host.run([](Loopback& here) -> Task<> {
        auto listener = here.listen();
        TcpStream client = *co_await here.connect();
        TcpStream server = *co_await listener.accept();
        CHECK(client.information().state == net::tcp::State::kEstablished);
        CHECK(std::string_view(client.information().congestion) == "cubic");
        client.set_congestion(net::tcp::CongestionAlgorithm::kReno);
        CHECK(std::string_view(client.information().congestion) == "reno");
        client.set_receive_buffer(8192);
        CHECK(client.information().receive_window_limit == 8192);
        client.set_user_timeout(Duration::seconds(120));
        CHECK(client.connection().user_timeout() == Duration::seconds(120));

        // Nagle holds back what does not fill a segment while something is under way.
        const std::string text(100, 't');
        (void)co_await client.send(as_bytes(text));
        (void)co_await server.receive();
        CHECK(client.information().segment_size > 1000);
        CHECK(client.information().congestion_window >= client.information().segment_size);
        CHECK(client.information().retransmissions == 0);
        client.set_send_buffer(4096);
        CHECK(client.try_send(as_bytes(std::string(10'000, 'u'))).value_or(0) == 4096);
        CHECK(client.information().queued == 4096);

        // A peer that says nothing is asked, and says that it is there.
        server.set_keep_alive(Duration::seconds(1), Duration::seconds(1), 3);
        co_await sleep(Duration::seconds(30));
        CHECK(server.information().state == net::tcp::State::kEstablished);
    }(host));
}

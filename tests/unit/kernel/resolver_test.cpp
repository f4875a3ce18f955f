// The resolver and Happy Eyeballs against a DNS server of the test's own, all in one stack.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/network/connect_by_name.h"
#include "kernel/network/tcp_listener.h"
#include "kernel/network/udp_socket.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"
#include "net/address_text.h"
#include "net/stack.h"
#include "tests/support/fake_link.h"
#include "tests/unit/kernel/core_fixture.h"

using namespace holm;

namespace {

constexpr auto kHere = net::IpAddress::v4(127, 0, 0, 1);

// A core with its loopback interface, and a link on which nobody answers.
struct Island final : test::CoreFixture, Poller {
    Island() : stack(net::Stack::Configuration{}), resolver(stack, {5, 6}) {
        executor.add(*this);
        net::InterfaceConfiguration configuration;
        configuration.mac = {{2, 0, 0, 0, 0, 1}};
        auto* interface = *stack.add_interface(executor.now(), silent, configuration);
        net::Ipv6Configuration ipv6{
            .address = *net::parse_address("fd00::1"), .autoconfigure = false, .secret = {}};
        REQUIRE(stack.start_ipv6(executor.now(), *interface, ipv6));
        Resolver::Configuration servers;
        servers.servers[0] = kHere;
        resolver.configure(servers);
    }
    bool receive(Instant) override { return false; }
    void transmit(Instant now) override { stack.transmit(now); }
    Instant next_deadline() override { return stack.next_deadline(); }
    platform::Readiness readiness() override { return {}; }

    // Runs a task, and a DNS server beside it.
    template <typename Body>
    void run(Body body) {
        Scope scope;
        scope.start(serve(*this));
        scope.start(serve_streams(*this));
        scope.start([](Body inner, Island& self) -> Task<> {
            co_await inner(self);
            self.executor.stop();
        }(std::move(body), *this));
        executor.run();
    }

    // What the server says to a question: the message, without the length that TCP wants.
    std::vector<std::byte> answer(Bytes query, bool stream) {
        ++questions;
        std::vector<std::byte> message(query.begin(), query.end());
        std::size_t end = 0;
        const auto name = net::resolve::DomainName::read(query, 12, end);
        const bool is_a = query[end + 1] == std::byte{1};
        message.resize(end + 4);
        message[11] = std::byte{0};
        message[2] = std::byte{0x81};
        message[3] = std::byte{0x80};
        const auto is = [&](std::string_view text) {
            return *name == *net::resolve::DomainName::parse(text);
        };
        const auto add = [&](std::string_view address) {
            const auto parsed = *net::parse_address(address);
            if (parsed.is_v4() != is_a) return;
            message[7] = std::byte(std::to_integer<int>(message[7]) + 1);
            const std::size_t from = is_a ? 12 : 0, size = 16 - from;
            for (const int value : {0xc0, 12, 0, is_a ? 1 : 28, 0, 1, 0, 0, 0, 60, 0, int(size)})
                message.push_back(std::byte(value));
            for (std::size_t i = from; i < 16; ++i) message.push_back(std::byte(parsed.bytes()[i]));
        };
        if (is("v4.test") || is("lies.test") || is("v4.home.test")) {
            add("127.0.0.1");
        } else if (is("both.test")) {
            add("::1");
            add("127.0.0.1");
        } else if (is("silent.test")) {
            add("fd00::dead");
            add("fd00::beef");
            add("127.0.0.1");
        } else if (is("large.test")) {
            if (!stream) message[2] = std::byte{0x83};
            if (stream) add("127.0.0.7");
        } else if (is("old.test")) {
            if (query[11] != std::byte{0})
                message[3] = std::byte{0x81};
            else
                add("127.0.0.8");
        } else if (is("broken.test")) {
            message[3] = std::byte{0x82};
        } else {
            message[3] = std::byte{0x83};
        }
        return message;
    }

    static Task<> serve(Island& self) {
        auto open = *self.stack.udp().open();
        REQUIRE(open->bind({kHere, 53}));
        auto socket = *UdpSocket::create(std::move(open));
        for (;;) {
            const auto query = co_await socket.receive();
            if (!query) co_return;
            const auto message = self.answer(query->payload, false);
            const auto from = query->source;
            if (self.lies > 0) {
                auto wrong = message;
                for (int i = 0; i < self.lies; ++i) {
                    wrong[0] = std::byte(i);
                    (void)co_await socket.send_to(from, wrong);
                }
            }
            (void)co_await socket.send_to(from, message);
        }
    }
    static Task<> serve_streams(Island& self) {
        auto listener = *TcpListener::create(*self.stack.tcp().listen({kHere, 53}, 8));
        for (;;) {
            auto stream = co_await listener.accept();
            if (!stream) co_return;
            std::vector<std::byte> query;
            while (query.size() < 2 || query.size() < 2 + std::to_integer<std::size_t>(query[1])) {
                const auto bytes = co_await stream->receive();
                if (!bytes || bytes->empty()) break;
                query.insert(query.end(), bytes->begin(), bytes->end());
                stream->consume(bytes->size());
            }
            auto message = self.answer(Bytes(query).subspan(2), true);
            message.insert(message.begin(), {std::byte(message.size() >> 8), std::byte(message.size())});
            (void)co_await stream->send(message);
        }
    }

    net::testing::FakeDevice silent;
    net::Stack stack;
    Resolver resolver;
    int questions = 0;
    int lies = 0;
};

std::string text_of(const Result<ResolvedAddresses>& found) {
    if (!found) return "error " + std::to_string(int(found.error().code));
    std::string text;
    for (const auto& address : found->all()) text += std::string(net::to_text(address).view()) + " ";
    return text;
}

std::string resolve(Island& core, std::string_view name,
                    Resolver::Families families = Resolver::Families::kBoth) {
    std::string text;
    core.run([&](Island& self) -> Task<> { text = text_of(co_await self.resolver.resolve(name, families)); });
    return text;
}

}  // namespace

TEST_CASE("addresses and localhost need no server") {
    Island core;
    CHECK(resolve(core, "10.0.0.1") == "10.0.0.1 ");
    CHECK(resolve(core, "fd00::7") == "fd00::7 ");
    CHECK(resolve(core, "fd00::7", Resolver::Families::kV4) == "error 61");
    CHECK(resolve(core, "localhost") == "::1 127.0.0.1 ");
    CHECK(resolve(core, "a.LocalHost.", Resolver::Families::kV4) == "127.0.0.1 ");
    CHECK(resolve(core, "no name") == "error 22");
    CHECK(core.questions == 0);
}

TEST_CASE("both families are asked, best first, and remembered") {
    Island core;
    CHECK(resolve(core, "both.test") == "::1 127.0.0.1 ");
    CHECK(core.questions == 2);
    CHECK(resolve(core, "BOTH.test") == "::1 127.0.0.1 ");
    CHECK(core.questions == 2);
    CHECK(resolve(core, "v4.test") == "127.0.0.1 ");
    CHECK(resolve(core, "v4.test", Resolver::Families::kV6) == "error 61");
    CHECK(resolve(core, "nowhere.test") == "error 2");
}

TEST_CASE("what does not fit a datagram comes over TCP") {
    Island core;
    CHECK(resolve(core, "large.test", Resolver::Families::kV4) == "127.0.0.7 ");
}

TEST_CASE("a server that does not know EDNS0 is asked without, one that fails is given up") {
    Island core;
    CHECK(resolve(core, "old.test", Resolver::Families::kV4) == "127.0.0.8 ");
    CHECK(resolve(core, "broken.test", Resolver::Families::kV4) == "error 111");
}

TEST_CASE("a few lies are passed over, many make the question go over TCP") {
    Island core;
    core.lies = 5;
    CHECK(resolve(core, "lies.test", Resolver::Families::kV4) == "127.0.0.1 ");
    Island other;
    other.lies = 100;
    CHECK(resolve(other, "lies.test", Resolver::Families::kV4) == "127.0.0.1 ");
}

TEST_CASE("a server that is silent makes way for the next one") {
    Island core;
    Resolver::Configuration servers = core.resolver.configuration();
    servers.servers = {*net::parse_address("fd00::53"), kHere};
    core.resolver.configure(servers);
    CHECK(resolve(core, "v4.test", Resolver::Families::kV4) == "127.0.0.1 ");
    servers.servers = {};
    core.resolver.configure(servers);
    CHECK(resolve(core, "other.test", Resolver::Families::kV4) == "error 101");
}

TEST_CASE("short names are looked for in the search list") {
    Island core;
    Resolver::Configuration servers = core.resolver.configuration();
    REQUIRE(servers.search.add("away.test"));
    REQUIRE(servers.search.add("home.test"));
    core.resolver.configure(servers);
    CHECK(resolve(core, "v4", Resolver::Families::kV4) == "127.0.0.1 ");
    CHECK(resolve(core, "v4.", Resolver::Families::kV4) == "error 2");
}

TEST_CASE("connecting by name takes the first address that answers (RFC 8305)") {
    Island core;
    std::string_view name;
    std::string remote;
    net::IpAddress listen_at;
    Duration most;
    SUBCASE("both: IPv6 is preferred") {
        name = "both.test", remote = "::1";
    }
    SUBCASE("IPv6 refuses: the other at once") {
        name = "both.test", remote = "127.0.0.1", listen_at = net::IpAddress::any_v4();
        most = Duration::milliseconds(1);
    }
    SUBCASE("IPv6 is silent: the other a quarter of a second later") {
        name = "silent.test", remote = "127.0.0.1";
        most = kAttemptDelay + Duration::milliseconds(1);
    }
    SUBCASE("only IPv4") {
        name = "v4.test", remote = "127.0.0.1";
    }
    SUBCASE("an address") {
        name = "::1", remote = "::1";
    }
    core.run([&](Island& self) -> Task<> {
        auto listener = *TcpListener::create(*self.stack.tcp().listen({listen_at, 80}, 8));
        const Instant begin = self.executor.now();
        auto stream = co_await connect_by_name(self.stack, self.resolver, name, 80);
        REQUIRE(stream);
        CHECK(net::to_text(stream->remote().address).view() == remote);
        if (most > Duration()) CHECK(self.executor.now() - begin <= most);
    });
    core.run([&](Island&) -> Task<> { co_await sleep(Duration::seconds(1)); });
}

TEST_CASE("when no address answers, the last reason is told, and in time") {
    Island core;
    Result<TcpStream> stream = fail(ErrorCode::kNotFound, "");
    core.run([&](Island& self) -> Task<> {
        stream = co_await connect_by_name(self.stack, self.resolver, "both.test", 81);
        REQUIRE(!stream);
        CHECK(stream.error().code == ErrorCode::kConnectionRefused);
        stream = co_await connect_by_name(self.stack, self.resolver, "nowhere.test", 81);
        REQUIRE(!stream);
        CHECK(stream.error().code == ErrorCode::kNotFound);
        const Instant deadline = self.executor.now() + Duration::milliseconds(100);
        stream = co_await connect_by_name(self.stack, self.resolver, "fd00::dead", 81, deadline);
        REQUIRE(!stream);
        CHECK(stream.error().code == ErrorCode::kTimedOut);
        CHECK(self.executor.now() <= deadline + Duration::milliseconds(1));
    });
}

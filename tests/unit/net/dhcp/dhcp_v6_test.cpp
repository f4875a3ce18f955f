// The DHCPv6 client (RFC 8415), through the frames of a host.

#include <algorithm>

#include <doctest/doctest.h>

#include "net/wire/dhcpv6.h"
#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using wire::Dhcpv6Type;

namespace {

// A server's message, option by option.
struct Message {
    Frame bytes;
    Message(Dhcpv6Type type, std::uint32_t transaction) {
        number(std::uint32_t(type) << 24 | transaction, 4);
    }
    Message& number(std::uint64_t value, int size) {
        for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) bytes.push_back(std::byte(value >> shift));
        return *this;
    }
    Message& raw(const IpAddress& address) {
        for (const std::uint8_t byte : address.bytes()) bytes.push_back(std::byte(byte));
        return *this;
    }
    Message& client(MacAddress mac = HostV6::kMac) {
        number(1, 2).number(10, 2).number(3, 2).number(1, 2);
        for (const std::uint8_t byte : mac.bytes) bytes.push_back(std::byte(byte));
        return *this;
    }
    Message& server(std::uint32_t name = 0xaaaa) { return number(2, 2).number(4, 2).number(name, 4); }
    Message& address(std::string_view text, std::uint32_t preferred, std::uint32_t valid) {
        number(3, 2).number(12 + 28, 2).number(1, 4).number(0, 4).number(0, 4);
        return number(5, 2).number(24, 2).raw(parsed(text)).number(preferred, 4).number(valid, 4);
    }
    struct Told {
        std::string_view text;
        std::uint32_t preferred, valid;
    };
    // An association of several addresses, by its number.
    Message& addresses(std::initializer_list<Told> all, std::uint32_t id = 1) {
        number(3, 2).number(12 + 28 * all.size(), 2).number(id, 4).number(0, 4).number(0, 4);
        for (const Told& each : all)
            number(5, 2).number(24, 2).raw(parsed(each.text)).number(each.preferred, 4).number(each.valid, 4);
        return *this;
    }
    Message& no_address(std::uint16_t status) {
        return number(3, 2).number(12 + 6, 2).number(1, 4).number(0, 8).number(13, 2).number(2, 2).number(
            status, 2);
    }
    Message& search() { return number(24, 2).number(5, 2).number(0x036c616e00, 5); }  // "lan"
    Message& dns(std::string_view text) { return number(23, 2).number(16, 2).raw(parsed(text)); }
};

struct Client : HostV6 {
    explicit Client(bool stateful = true) : HostV6({}, wanted(stateful), false) {}
    static Ipv6Configuration wanted(bool stateful) {
        auto configuration = automatic();
        configuration.dhcp = stateful;
        return configuration;
    }
    // The next message to servers, and its transaction.
    std::optional<Dhcpv6Type> next() {
        while (!device.frames.empty()) {
            const auto sent = take();
            if (!sent || sent->ip.next_header != 17) continue;
            CHECK(sent->ip.destination == parsed("ff02::1:2"));
            CHECK(sent->ip.source == interface->ipv6().link_local().without_zone());
            CHECK(sent->payload[1] == std::byte{546 & 0xff});
            CHECK(sent->payload[3] == std::byte{547 & 0xff});
            transaction = 0;
            for (int i = 9; i < 12; ++i)
                transaction =
                    transaction << 8 | std::to_integer<std::uint32_t>(sent->payload[std::size_t(i)]);
            last = sent->payload;
            return Dhcpv6Type(last[8]);
        }
        return std::nullopt;
    }
    void answer(const Message& message) {
        const Endpoint own{interface->ipv6().link_local().without_zone(), 546};
        wire::Ipv6Header header;
        header.source = router.address;
        header.destination = own.address;
        header.next_header = 17;
        receive_ip(header, udp_datagram({router.address, 547}, own, message.bytes), router.mac);
    }
    // From the question to the lease.
    void bind(std::uint32_t preferred = 1000, std::uint32_t valid = 2000) {
        REQUIRE(next() == Dhcpv6Type::kSolicit);
        answer(Message(Dhcpv6Type::kAdvertise, transaction)
                   .client()
                   .server()
                   .address("fd00::77", preferred, valid));
        REQUIRE(next() == Dhcpv6Type::kRequest);
        answer(Message(Dhcpv6Type::kReply, transaction)
                   .client()
                   .server()
                   .address("fd00::77", preferred, valid)
                   .dns("fd00::53"));
        REQUIRE(interface->is_own(parsed("fd00::77")));
        clear();
    }
    void run(std::int64_t seconds) {
        for (std::int64_t i = 0; i < seconds; ++i) wait(Duration::seconds(1));
    }
    std::uint32_t transaction = 0;
    Frame last;  // UDP header first
};

bool contains(const Frame& frame, std::span<const std::uint8_t> bytes) {
    return !std::ranges::search(frame, std::as_bytes(bytes)).empty();
}

}  // namespace

TEST_CASE("solicit, advertise, request, reply: and the interface has its address") {
    Client host;
    host.bind();
    REQUIRE(host.stack.dhcp_v6_dns(*host.interface).size() == 1);
    CHECK(host.stack.dhcp_v6_dns(*host.interface)[0] == parsed("fd00::53"));
    CHECK_FALSE(host.stack.ip().route(parsed("fd00::78"), {}));  // it says nothing about the link
}

TEST_CASE("answers to others, of others and to other questions are ignored") {
    Client host;
    REQUIRE(host.next() == Dhcpv6Type::kSolicit);
    const auto good =
        Message(Dhcpv6Type::kAdvertise, host.transaction).client().server().address("fd00::77", 10, 20);
    host.answer(
        Message(Dhcpv6Type::kAdvertise, host.transaction ^ 1).client().server().address("fd00::77", 10, 20));
    host.answer(Message(Dhcpv6Type::kAdvertise, host.transaction)
                    .client({{2, 9, 9, 9, 9, 9}})
                    .server()
                    .address("fd00::77", 10, 20));
    host.answer(Message(Dhcpv6Type::kAdvertise, host.transaction).client().address("fd00::77", 10, 20));
    host.answer(Message(Dhcpv6Type::kAdvertise, host.transaction).client().server().no_address(2));
    auto cut = good;
    cut.bytes.pop_back();
    host.answer(cut);
    CHECK_FALSE(host.next());
    host.answer(good);
    REQUIRE(host.next() == Dhcpv6Type::kRequest);
    host.answer(
        Message(Dhcpv6Type::kReply, host.transaction).client().server(0xbbbb).address("fd00::66", 10, 20));
    CHECK_FALSE(host.interface->is_own(parsed("fd00::66")));
}

TEST_CASE("a silent network is asked again, with waits that double") {
    Client host;
    int asked = 0;
    for (int second = 0; second < 70; ++second) {
        if (host.next() == Dhcpv6Type::kSolicit) ++asked;
        host.wait(Duration::seconds(1));
    }
    CHECK(asked >= 6);  // at about 0, 1, 3, 7, 15, 31, 63 seconds
    CHECK(asked <= 7);
}

TEST_CASE("the lease is renewed with its server, then with any, and at its end the address is gone") {
    Client host;
    host.bind();
    host.run(501);
    REQUIRE(host.next() == Dhcpv6Type::kRenew);
    SUBCASE("the server extends it") {
        host.answer(
            Message(Dhcpv6Type::kReply, host.transaction).client().server().address("fd00::77", 1000, 2000));
        host.run(1600);
        CHECK(host.interface->is_own(parsed("fd00::77")));
    }
    SUBCASE("the server is gone") {
        host.clear();
        host.run(320);
        Dhcpv6Type last = Dhcpv6Type::kRenew;
        while (const auto type = host.next()) last = *type;
        CHECK(last == Dhcpv6Type::kRebind);
        host.run(1200);
        CHECK_FALSE(host.interface->is_own(parsed("fd00::77")));
        host.clear();
        host.run(130);
        CHECK(host.next() == Dhcpv6Type::kSolicit);
    }
    SUBCASE("the server has forgotten it") {
        host.answer(Message(Dhcpv6Type::kReply, host.transaction).client().server().no_address(3));
        CHECK_FALSE(host.interface->is_own(parsed("fd00::77")));
        host.clear();
        host.run(2);
        CHECK(host.next() == Dhcpv6Type::kSolicit);
    }
}

TEST_CASE("a server that has no address says how often it may be asked") {
    Client host;
    REQUIRE(host.next() == Dhcpv6Type::kSolicit);
    CHECK(contains(host.last, std::array<std::uint8_t, 10>{0, 6, 0, 6, 0, 23, 0, 24, 0, 82}));
    const auto questions = [&](std::int64_t seconds) {
        host.clear();
        host.run(seconds);
        int count = 0;
        while (host.next()) ++count;
        return count;
    };
    const auto refuse = [&](std::uint32_t longest) {
        host.answer(Message(Dhcpv6Type::kAdvertise, host.transaction)
                        .client()
                        .server()
                        .no_address(2)
                        .number(82, 2)
                        .number(4, 2)
                        .number(longest, 4));
    };
    refuse(59);  // too often to be believed
    CHECK(questions(2000) < 14);
    refuse(60);
    questions(1100);
    CHECK(questions(600) >= 8);
}

TEST_CASE("at its end the instance gives its addresses back, and asks for none") {
    Client host;
    host.bind();
    host.stack.leave(host.now);
    host.stack.transmit(host.now);
    REQUIRE(host.next() == Dhcpv6Type::kRelease);
    CHECK(contains(host.last, parsed("fd00::77").bytes()));
    CHECK(contains(host.last, std::array<std::uint8_t, 8>{0, 2, 0, 4, 0, 0, 0xaa, 0xaa}));  // the server
    host.run(200);
    CHECK_FALSE(host.next());
}

TEST_CASE("an address that somebody else uses is declined") {
    Client host;
    host.bind();
    Frame probe(wire::kMaximumNdpMessage);
    probe.resize(wire::NeighborSolicitation{parsed("fd00::77"), {}, {}}.emit(probe));
    host.receive_icmp({host.peer.mac, IpAddress()}, ndp::solicited_node(parsed("fd00::77"), 0), probe);
    CHECK_FALSE(host.interface->is_own(parsed("fd00::77")));
    host.wait(Duration());
    REQUIRE(host.next() == Dhcpv6Type::kDecline);
    host.answer(Message(Dhcpv6Type::kReply, host.transaction).client().server());
    CHECK(host.next() == Dhcpv6Type::kSolicit);
}

TEST_CASE("a lease may have several addresses, each with a time of its own") {
    Client host;
    REQUIRE(host.next() == Dhcpv6Type::kSolicit);
    // Another association stands in front, which nobody has asked for.
    const auto offer = [&](Dhcpv6Type type) {
        return Message(type, host.transaction)
            .client()
            .server()
            .addresses({{"fd00::99", 1000, 2000}}, 7)
            .addresses({{"fd00::71", 1000, 2000}, {"fd00::72", 400, 600}, {"fd00::71", 1, 1}});
    };
    host.answer(offer(Dhcpv6Type::kAdvertise));
    REQUIRE(host.next() == Dhcpv6Type::kRequest);
    host.answer(offer(Dhcpv6Type::kReply));
    const auto has = [&](std::string_view text) { return host.interface->is_own(parsed(text)); };
    CHECK(has("fd00::71"));
    CHECK(has("fd00::72"));
    CHECK_FALSE(has("fd00::99"));
    host.clear();

    host.run(201);  // T1 is half of the shortest preferred lifetime
    REQUIRE(host.next() == Dhcpv6Type::kRenew);
    SUBCASE("one that is not named stays until its end, another one comes") {
        host.answer(Message(Dhcpv6Type::kReply, host.transaction)
                        .client()
                        .server()
                        .addresses({{"fd00::71", 4000, 8000}, {"fd00::73", 4000, 8000}}));
        CHECK(has("fd00::72"));
        CHECK(has("fd00::73"));
        host.run(450);
        CHECK_FALSE(has("fd00::72"));
        CHECK(has("fd00::71"));
        CHECK(has("fd00::73"));
    }
    SUBCASE("one is taken back") {
        host.answer(Message(Dhcpv6Type::kReply, host.transaction)
                        .client()
                        .server()
                        .addresses({{"fd00::71", 0, 0}, {"fd00::72", 4000, 8000}}));
        CHECK_FALSE(has("fd00::71"));
        CHECK(has("fd00::72"));
    }
    SUBCASE("all are taken back") {
        host.answer(Message(Dhcpv6Type::kReply, host.transaction)
                        .client()
                        .server()
                        .addresses({{"fd00::71", 0, 0}, {"fd00::72", 0, 0}}));
        CHECK_FALSE(has("fd00::71"));
        CHECK_FALSE(has("fd00::72"));
        host.run(2);
        CHECK(host.next() == Dhcpv6Type::kSolicit);
    }
}

TEST_CASE("of several addresses the one that somebody else uses is declined alone") {
    Client host;
    REQUIRE(host.next() == Dhcpv6Type::kSolicit);
    const auto offer = [&](Dhcpv6Type type) {
        return Message(type, host.transaction)
            .client()
            .server()
            .addresses({{"fd00::71", 1000, 2000}, {"fd00::72", 400, 600}});
    };
    host.answer(offer(Dhcpv6Type::kAdvertise));
    REQUIRE(host.next() == Dhcpv6Type::kRequest);
    host.answer(offer(Dhcpv6Type::kReply));
    Frame probe(wire::kMaximumNdpMessage);
    probe.resize(wire::NeighborSolicitation{parsed("fd00::72"), {}, {}}.emit(probe));
    host.clear();
    host.receive_icmp({host.peer.mac, IpAddress()}, ndp::solicited_node(parsed("fd00::72"), 0), probe);
    host.wait(Duration());
    REQUIRE(host.next() == Dhcpv6Type::kDecline);
    CHECK_FALSE(host.interface->is_own(parsed("fd00::72")));
    SUBCASE("the server knows") {
        host.answer(Message(Dhcpv6Type::kReply, host.transaction).client().server());
    }
    SUBCASE("the server is silent") {
        host.run(30);
        host.clear();
    }
    CHECK(host.interface->is_own(parsed("fd00::71")));
    host.run(201);
    CHECK(host.next() == Dhcpv6Type::kRenew);
    CHECK(host.interface->is_own(parsed("fd00::71")));
}

TEST_CASE("more addresses than are looked at, and those that cannot be, do no harm") {
    Client host;
    REQUIRE(host.next() == Dhcpv6Type::kSolicit);
    const auto offer = [&](Dhcpv6Type type) {
        return Message(type, host.transaction)
            .client()
            .server()
            .addresses({{"ff02::1", 100, 200},
                        {"::1", 100, 200},
                        {"::ffff:10.0.0.1", 100, 200},
                        {"fe80::1", 100, 200},
                        {"::", 100, 200},
                        {"fd00::70", 300, 200},
                        {"fd00::71", 100, 200},
                        {"fd00::72", 100, 200},
                        {"fd00::73", 100, 200},
                        {"fd00::74", 100, 200},
                        {"fd00::75", 100, 200}});
    };
    host.answer(offer(Dhcpv6Type::kAdvertise));
    REQUIRE(host.next() == Dhcpv6Type::kRequest);
    host.answer(offer(Dhcpv6Type::kReply));
    for (const char* text : {"fd00::71", "fd00::72", "fd00::73", "fd00::74"})
        CHECK(host.interface->is_own(parsed(text)));
    for (const char* text : {"fd00::70", "fd00::75", "fe80::1"})
        CHECK_FALSE(host.interface->is_own(parsed(text)));
}

TEST_CASE("a router says whether DHCPv6 is for addresses, or for what else there is") {
    Client host(false);
    CHECK_FALSE(host.next());
    Frame advertisement(16);
    advertisement[0] = std::byte{134};
    SUBCASE("addresses") {
        advertisement[5] = std::byte{0x80};
        host.receive_icmp(host.router, parsed("ff02::1"), advertisement);
        host.wait(Duration());
        CHECK(host.next() == Dhcpv6Type::kSolicit);
    }
    SUBCASE("other things") {
        advertisement[5] = std::byte{0x40};
        host.receive_icmp(host.router, parsed("ff02::1"), advertisement);
        host.wait(Duration());
        REQUIRE(host.next() == Dhcpv6Type::kInformationRequest);
        host.answer(Message(Dhcpv6Type::kReply, host.transaction).client().server().dns("fd00::53").search());
        CHECK(host.stack.dhcp_v6_dns(*host.interface).size() == 1);
        const auto list = host.stack.search_list(*host.interface);
        REQUIRE(list.count == 1);
        CHECK(list.domains[0] == *resolve::DomainName::parse("lan"));
        host.run(100);
        CHECK_FALSE(host.next());
    }
}

TEST_CASE("what else there is to know is asked for again when its time is over (RFC 8415, section 18.2.12)") {
    Client host(false);
    Frame advertisement(16);
    advertisement[0] = std::byte{134};
    advertisement[5] = std::byte{0x40};
    host.receive_icmp(host.router, parsed("ff02::1"), advertisement);
    host.wait(Duration());
    REQUIRE(host.next() == Dhcpv6Type::kInformationRequest);
    const auto refresh_after = [&](std::uint32_t seconds) {
        host.answer(Message(Dhcpv6Type::kReply, host.transaction)
                        .client()
                        .server()
                        .dns("fd00::53")
                        .number(32, 2)
                        .number(4, 2)
                        .number(seconds, 4));
    };
    // The question may be asked more than once before it is looked at.
    const auto asked_within = [&](int seconds) {
        bool asked = false;
        while (seconds-- > 0 && !asked) {
            host.run(1);
            while (host.next() == Dhcpv6Type::kInformationRequest) asked = true;
        }
        return asked;
    };
    refresh_after(1000);
    CHECK_FALSE(asked_within(998));
    REQUIRE(asked_within(3));
    refresh_after(1);  // IRT_MINIMUM
    CHECK_FALSE(asked_within(598));
    CHECK(asked_within(3));
}

#include <string>

#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using wire::DhcpType;

namespace {

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}};
constexpr Peer kServer{{{2, 0, 0, 0, 0, 1}}, IpAddress::v4(192, 168, 5, 1)};
constexpr IpAddress kLeased = IpAddress::v4(192, 168, 5, 77);

// What a client sent, read with the eyes of a server.
struct Asked {
    DhcpType type;
    std::uint32_t transaction;
    IpAddress current;
    bool broadcast;
    std::uint32_t requested = 0;
    std::uint32_t server = 0;
    std::uint16_t seconds = 0;
    std::string identifier;
};

std::uint32_t word_at(Bytes bytes, std::size_t at) {
    return std::uint32_t{wire::load<NetU32>(bytes.subspan(at))};
}

Asked read_request(Bytes message) {
    REQUIRE(message.size() == 300);
    Asked asked{};
    CHECK(std::to_integer<int>(message[0]) == 1);
    CHECK(word_at(message, 236) == 0x63825363);
    asked.transaction = word_at(message, 4);
    asked.seconds = wire::load<NetU16>(message.subspan(8));
    asked.broadcast = (message[10] & std::byte{0x80}) != std::byte{0};
    asked.current = IpAddress::v4(word_at(message, 12));
    for (std::size_t at = 240; message[at] != std::byte{255};) {
        const int kind = std::to_integer<int>(message[at]);
        if (kind == 53) asked.type = DhcpType(message[at + 2]);
        if (kind == 50) asked.requested = word_at(message, at + 2);
        if (kind == 54) asked.server = word_at(message, at + 2);
        if (kind == 61) asked.identifier.assign(reinterpret_cast<const char*>(&message[at + 2]), 7);
        at += 2 + std::to_integer<std::size_t>(message[at + 1]);
    }
    return asked;
}

struct Answer {
    DhcpType type;
    std::uint32_t transaction;
    IpAddress address = kLeased;
    std::uint32_t lease = 3600;
    std::string more;  // options, ready to be sent
    MacAddress client = kMac;
};

void put(Frame& frame, std::size_t at, std::uint32_t word) {
    const NetU32 value = word;
    std::memcpy(frame.data() + at, &value, 4);
}

Frame answer(const Answer& what) {
    Frame message(240);
    message[0] = std::byte{2};
    message[1] = std::byte{1};
    message[2] = std::byte{6};
    put(message, 4, what.transaction);
    put(message, 16, what.address.to_v4());
    std::memcpy(message.data() + 28, what.client.bytes.data(), 6);
    put(message, 236, 0x63825363);
    const auto option = [&](std::uint8_t kind, std::uint32_t word) {
        message.push_back(std::byte{kind});
        message.push_back(std::byte{4});
        message.resize(message.size() + 4);
        put(message, message.size() - 4, word);
    };
    message.insert(message.end(), {std::byte{53}, std::byte{1}, std::byte(what.type)});
    option(54, kServer.address.to_v4());
    if (what.type == DhcpType::kAck || what.type == DhcpType::kOffer) {
        option(1, 0xffffff00);
        option(3, kServer.address.to_v4());
        option(6, kServer.address.to_v4());
        option(51, what.lease);
    }
    message = message + bytes_of(what.more);
    message.push_back(std::byte{255});
    return message;
}

// A stack that looks for an address.
struct Seeker {
    explicit Seeker(link::AddressPolicy policy = link::AddressPolicy::kAnnounce)
        : stack(Stack::Configuration{}) {
        interface = *stack.add_interface(now, device, {.mac = kMac});
        REQUIRE(stack.start_dhcp(now, *interface, policy));
        stack.transmit(now);
    }
    // The next DHCP message that was sent; other frames are passed over.
    std::optional<Asked> asked() {
        while (!device.frames.empty()) {
            const auto sent = sent_ip(device.take());
            if (!sent || sent->ip.protocol != 17) continue;
            last = *sent;
            return read_request(Bytes(sent->payload).subspan(8));
        }
        return std::nullopt;
    }
    void reply(const Answer& what, IpAddress to = IpAddress::v4(0xffffffff)) {
        wire::Ipv4Header header;
        header.source = kServer.address;
        header.destination = to;
        header.protocol = 17;
        const bool group = to.is_limited_broadcast();
        stack.receive(
            now, *interface,
            {ethernet_frame(group ? MacAddress::broadcast() : kMac, kServer.mac, wire::kEtherTypeIpv4,
                            ipv4_packet(header, udp_datagram({kServer.address, 67}, {to, 68}, answer(what)))),
             {},
             nullptr});
        stack.transmit(now);
    }
    void bind() {
        reply({DhcpType::kOffer, asked()->transaction});
        reply({DhcpType::kAck, asked()->transaction});
        device.frames.clear();
        device.offloads.clear();
    }
    // The server's MAC address is asked for before what is sent to it alone.
    void resolve_server() {
        stack.receive(now, *interface,
                      {ethernet_frame(kMac, kServer.mac, wire::kEtherTypeArp,
                                      arp_message({wire::ArpMessage::Operation::kReply, kServer.mac,
                                                   kServer.address, kMac, kLeased})),
                       {},
                       nullptr});
        stack.transmit(now);
    }
    void wait(Duration time) {
        const Instant end = now + time;
        while (stack.next_deadline() <= end) {
            now = std::max(now, stack.next_deadline());
            stack.transmit(now);
        }
        now = end;
    }

    Instant now;
    FakeDevice device;
    Stack stack;
    Interface* interface;
    Sent last;
};

}  // namespace

TEST_CASE("discover, offer, request, acknowledgment: and the interface has its address and its routes") {
    Seeker seeker;
    Noted noted;
    seeker.stack.set_address_observer(&noted);
    const auto discover = seeker.asked();
    REQUIRE(discover);
    CHECK(discover->type == DhcpType::kDiscover);
    CHECK(discover->broadcast);
    CHECK(seeker.last.ip.source == IpAddress::any_v4());
    CHECK(seeker.last.ip.destination == IpAddress::v4(0xffffffff));
    CHECK(seeker.last.ethernet.destination == MacAddress::broadcast());

    seeker.reply({DhcpType::kOffer, discover->transaction});
    const auto request = seeker.asked();
    REQUIRE(request);
    CHECK(request->type == DhcpType::kRequest);
    CHECK(request->requested == kLeased.to_v4());
    CHECK(request->server == kServer.address.to_v4());
    CHECK(seeker.interface->address().is_unspecified());

    seeker.reply({DhcpType::kAck, request->transaction});
    CHECK(seeker.interface->address() == kLeased);
    CHECK(seeker.interface->prefix_length() == 24);
    CHECK(noted.times == 1);
    REQUIRE(seeker.stack.lease(*seeker.interface));
    CHECK(seeker.stack.lease(*seeker.interface)->dns[0] == kServer.address);
    CHECK(seeker.stack.ip().route(IpAddress::v4(8, 8, 8, 8), {})->source == kLeased);
}

TEST_CASE("of two routers the second takes the place of the first when that does not answer, and back") {
    Seeker seeker;
    seeker.reply({DhcpType::kOffer, seeker.asked()->transaction});
    Answer acknowledged{DhcpType::kAck, seeker.asked()->transaction};
    acknowledged.more = std::string("\x03\x08\xc0\xa8\x05\x01\xc0\xa8\x05\x02", 10);
    seeker.reply(acknowledged);
    const IpAddress first = kServer.address, second = IpAddress::v4(192, 168, 5, 2);
    const auto gateway = [&] { return seeker.stack.ip().routes().find(IpAddress::v4(8, 8, 8, 8))->gateway; };
    const auto send = [&] {
        const auto socket = *seeker.stack.udp().open();
        REQUIRE(socket->send_to(seeker.now, {IpAddress::v4(8, 8, 8, 8), 9}, Bytes()));
        seeker.stack.transmit(seeker.now);
    };
    CHECK(gateway() == first);
    send();
    seeker.wait(Duration::seconds(4));
    CHECK(gateway() == second);
    send();
    seeker.wait(Duration::seconds(4));
    CHECK(gateway() == first);
    send();
    seeker.resolve_server();
    seeker.wait(Duration::seconds(4));
    CHECK(gateway() == first);
    CHECK(seeker.interface->address() == kLeased);
}

TEST_CASE("all messages name the client, and a request the seconds of the search that it follows") {
    Seeker seeker;
    const std::string identifier = std::string("\1\2\0\0\0\0\2", 7);
    CHECK(seeker.asked()->identifier == identifier);
    seeker.wait(Duration::seconds(6));
    const auto discover = seeker.asked();
    REQUIRE(discover);
    CHECK(discover->seconds >= 3);
    seeker.wait(Duration::seconds(2));
    seeker.reply({DhcpType::kOffer, discover->transaction});
    const auto request = seeker.asked();
    REQUIRE(request);
    CHECK(request->seconds == discover->seconds);
    CHECK(request->identifier == identifier);
}

TEST_CASE("at its end the instance gives the lease back, and asks for none") {
    Seeker seeker;
    seeker.bind();
    seeker.stack.leave(seeker.now);
    seeker.stack.transmit(seeker.now);
    CHECK(seeker.stack.has_waiting());  // for the MAC address of the server
    seeker.resolve_server();
    CHECK_FALSE(seeker.stack.has_waiting());
    const auto release = seeker.asked();
    REQUIRE(release);
    CHECK(release->type == DhcpType::kRelease);
    CHECK(release->current == kLeased);
    CHECK(release->server == kServer.address.to_v4());
    CHECK(release->requested == 0);
    CHECK(release->seconds == 0);
    CHECK(seeker.last.ip.source == kLeased);
    CHECK(seeker.last.ip.destination == kServer.address);
    seeker.wait(Duration::minutes(120));
    CHECK_FALSE(seeker.asked());
}

TEST_CASE("who has no lease gives none back") {
    Seeker seeker;
    seeker.asked();
    seeker.stack.leave(seeker.now);
    seeker.stack.transmit(seeker.now);
    CHECK_FALSE(seeker.asked());
}

TEST_CASE("offers that are sent to the offered address arrive as well") {
    Seeker seeker;
    seeker.reply({DhcpType::kOffer, seeker.asked()->transaction}, kLeased);
    const auto request = seeker.asked();
    REQUIRE(request);
    CHECK(request->type == DhcpType::kRequest);
}

TEST_CASE("while an address is looked for, nobody but the client hears what is sent to foreign ones") {
    Seeker seeker;
    const auto socket = *seeker.stack.udp().open();
    REQUIRE(socket->bind({IpAddress::any_v4(), 7}));
    seeker.asked();
    for (const std::uint16_t port : {std::uint16_t{7}, std::uint16_t{9999}}) {
        const IpAddress foreign = IpAddress::v4(10, 9, 9, 9);
        wire::Ipv4Header header;
        header.source = kServer.address;
        header.destination = foreign;
        header.protocol = 17;
        seeker.stack.receive(
            seeker.now, *seeker.interface,
            {ethernet_frame(kMac, kServer.mac, wire::kEtherTypeIpv4,
                            ipv4_packet(header, udp_datagram({kServer.address, 1000}, {foreign, port},
                                                             bytes_of("for somebody else")))),
             {},
             nullptr});
        seeker.stack.transmit(seeker.now);
    }
    CHECK_FALSE(socket->front());
    while (!seeker.device.frames.empty()) {
        const auto sent = sent_ip(seeker.device.take());
        CHECK_FALSE((sent && sent->ip.protocol == 1));  // no ICMP error in another's name
    }
    CHECK(seeker.stack.counters()[Drop::kNotForUs] == 2);
}

TEST_CASE("answers to others are ignored") {
    Seeker seeker;
    const std::uint32_t transaction = seeker.asked()->transaction;
    seeker.reply({DhcpType::kOffer, transaction + 1});
    Answer foreign{DhcpType::kOffer, transaction};
    foreign.client = MacAddress{{2, 0, 0, 0, 0, 3}};
    seeker.reply(foreign);
    seeker.reply({DhcpType::kAck, transaction});  // nothing was requested
    Answer impossible{DhcpType::kOffer, transaction};
    for (const std::uint32_t address :
         {0x00000000U, 0x00000005U, 0x7f000001U, 0xe0000001U, 0xf0000001U, ~0U}) {
        impossible.address = IpAddress::v4(address);
        seeker.reply(impossible);
        CHECK_FALSE(seeker.asked());
    }
    CHECK(seeker.stack.counters()[Drop::kUnsolicited] == 9);
}

TEST_CASE("a silent network is asked again after 4, 8, 16, 32, 64, 64 seconds, give or take one") {
    Seeker seeker;
    seeker.asked();
    Instant last = seeker.now;
    for (const int seconds : {4, 8, 16, 32, 64, 64}) {
        while (!seeker.asked()) {
            seeker.now = seeker.stack.next_deadline();
            seeker.stack.transmit(seeker.now);
        }
        const double waited = double((seeker.now - last).as_milliseconds()) / 1000;
        CHECK(waited >= seconds - 1);
        CHECK(waited <= seconds + 1);
        last = seeker.now;
    }
}

TEST_CASE("a server that offers and then is silent is given up after four requests") {
    Seeker seeker;
    seeker.reply({DhcpType::kOffer, seeker.asked()->transaction});
    int requests = 0;
    for (;;) {
        const auto asked = seeker.asked();
        if (!asked) {
            seeker.now = seeker.stack.next_deadline();
            seeker.stack.transmit(seeker.now);
            continue;
        }
        if (asked->type == DhcpType::kDiscover) break;
        ++requests;
    }
    CHECK(requests == 4);
}

TEST_CASE("half-way through the lease the server is asked to extend it, by unicast; the address stays") {
    Seeker seeker;
    seeker.bind();
    seeker.wait(Duration::seconds(1800 - 1800 / 32 - 1));
    CHECK_FALSE(seeker.asked());
    seeker.wait(Duration::seconds(1800 / 32 + 2));
    seeker.resolve_server();
    const auto renewal = seeker.asked();
    REQUIRE(renewal);
    CHECK(renewal->type == DhcpType::kRequest);
    CHECK(renewal->current == kLeased);
    CHECK_FALSE(renewal->broadcast);
    CHECK(renewal->requested == 0);
    CHECK(seeker.last.ip.destination == kServer.address);
    CHECK(seeker.last.ip.source == kLeased);
    seeker.reply({DhcpType::kAck, renewal->transaction}, kLeased);
    CHECK(seeker.stack.lease(*seeker.interface)->expiry > seeker.now + Duration::seconds(3500));
    CHECK(seeker.interface->address() == kLeased);
}

TEST_CASE("T1 and T2 that are not in order, or too short, are not believed (section 4.4.5)") {
    // Whether a lease of an hour with these T1 and T2 is renewed and rebound after so many seconds, or a
    // little less.
    const auto come_to = [](std::uint32_t renewal, std::uint32_t rebinding, std::int64_t t1,
                            std::int64_t t2) {
        Seeker seeker;
        seeker.reply({DhcpType::kOffer, seeker.asked()->transaction});
        Answer ack{DhcpType::kAck, seeker.asked()->transaction};
        for (const auto& [kind, seconds] : {std::pair(char(58), renewal), std::pair(char(59), rebinding)}) {
            ack.more += {kind, 4};
            for (int shift = 24; shift >= 0; shift -= 8) ack.more += char(seconds >> shift);
        }
        seeker.reply(ack);
        const dhcp::Lease* lease = seeker.stack.lease(*seeker.interface);
        REQUIRE(lease);
        const auto is_near = [&](Instant at, std::int64_t seconds) {
            const std::int64_t after = (at - seeker.now).as_seconds();
            return after <= seconds && after >= seconds - seconds / 32 - 1;
        };
        return is_near(lease->renewal, t1) && is_near(lease->rebinding, t2);
    };
    CHECK(come_to(600, 1200, 600, 1200));
    CHECK(come_to(0, 0, 1800, 3150));
    CHECK(come_to(1200, 600, 600, 600));
    CHECK(come_to(4000, 5000, 1800, 3150));
}

TEST_CASE("a server that is gone: rebinding by broadcast at 7/8, and at the end the address is given up") {
    Seeker seeker;
    seeker.bind();
    bool broadcast = false;
    while (seeker.now < Instant() + Duration::seconds(3590)) {
        seeker.wait(Duration::seconds(10));
        while (const auto asked = seeker.asked())
            broadcast |= seeker.last.ip.destination.is_limited_broadcast() && asked->current == kLeased;
        CHECK(seeker.interface->address() == kLeased);
    }
    CHECK(broadcast);
    seeker.wait(Duration::seconds(20));
    CHECK(seeker.interface->address().is_unspecified());
    CHECK(seeker.stack.lease(*seeker.interface) == nullptr);
    const auto again = seeker.asked();
    REQUIRE(again);
    CHECK(again->type == DhcpType::kDiscover);
    CHECK(again->requested == kLeased.to_v4());
}

TEST_CASE("the search list comes by option 119, or is the domain of option 15") {
    using namespace std::literals;
    const auto domains = [](std::string_view options) {
        Seeker seeker;
        seeker.reply({DhcpType::kOffer, seeker.asked()->transaction});
        Answer acknowledged{DhcpType::kAck, seeker.asked()->transaction};
        acknowledged.more = options;
        seeker.reply(acknowledged);
        seeker.stack.transmit(seeker.now);
        return seeker.stack.search_list(*seeker.interface);
    };
    using resolve::DomainName;
    const auto one = domains("\x0f\13example.org"sv);
    REQUIRE(one.count == 1);
    CHECK(one.domains[0] == *DomainName::parse("example.org"));
    CHECK(domains("\x0f\x0c.example.org"sv).count == 1);  // some servers write it so
    CHECK(domains("\x0f\x07two of"sv).count == 0);
    CHECK(domains("\x0f\x04lan\0"sv).count == 1);
    // In two parts (RFC 3396), and before the domain, wherever that stands.
    const auto list = domains("\x77\x05\3lan\0\x0f\3foo\x77\x06\4home\0"sv);
    REQUIRE(list.count == 2);
    CHECK(list.domains[0] == *DomainName::parse("lan"));
    CHECK(list.domains[1] == *DomainName::parse("home"));
    std::string longest = "\x77\xf8";
    for (int i = 0; i < 62; ++i) longest += "\2a"s + char('0' + i % 10) + '\0';
    CHECK(domains(longest).count == resolve::SearchList::kDomains);
}

TEST_CASE("a refusal ends the lease and starts the search again, not at once") {
    Seeker seeker;
    seeker.reply({DhcpType::kOffer, seeker.asked()->transaction});
    seeker.reply({DhcpType::kNak, seeker.asked()->transaction});
    CHECK_FALSE(seeker.asked());
    seeker.wait(Duration::seconds(5));
    CHECK(seeker.asked()->type == DhcpType::kDiscover);
}

TEST_CASE("a leased address that somebody else uses is declined") {
    Seeker seeker(link::AddressPolicy::kProbe);
    seeker.bind();
    const MacAddress other{{2, 0, 0, 0, 0, 5}};
    const Frame claim =
        arp_message({wire::ArpMessage::Operation::kReply, other, kLeased, kMac, IpAddress::any_v4()});
    seeker.stack.receive(seeker.now, *seeker.interface,
                         {ethernet_frame(kMac, other, wire::kEtherTypeArp, claim), {}, nullptr});
    seeker.stack.transmit(seeker.now);
    CHECK(seeker.interface->address().is_unspecified());
    const auto decline = seeker.asked();
    REQUIRE(decline);
    CHECK(decline->type == DhcpType::kDecline);
    CHECK(decline->requested == kLeased.to_v4());
    CHECK(seeker.stack.lease(*seeker.interface) == nullptr);
}

TEST_CASE("hostile options do no harm") {
    const auto parse = [](const Frame& message) { return wire::DhcpReply::parse(message); };
    Answer ack{DhcpType::kAck, 1};
    CHECK(parse(answer(ack)));
    ack.more = std::string("\x06\xff", 2);
    CHECK(parse(answer(ack)).error() == Drop::kBadOption);
    ack.more = std::string("\x01\x03\xff\xff\xff", 5);  // a mask of three bytes is ignored
    CHECK(parse(answer(ack))->prefix_length == 24);
    ack.more = std::string("\x01\x04\xff\x00\xff\x00", 6);  // a mask with a hole is none
    CHECK(parse(answer(ack))->prefix_length == 0);
    ack.more = std::string("\x34\x01\x03", 3);  // the empty fields "file" and "sname" carry options too
    CHECK(parse(answer(ack)));
    Frame cut = answer(ack);
    cut.resize(239);
    CHECK(parse(cut).error() == Drop::kTruncated);
}

// Packets of IPv4 through a router in process: where they go, what becomes of them, what their senders hear.

#include <doctest/doctest.h>

#include "net/wire/icmpv4.h"
#include "tests/support/router_lab.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using net::wire::Icmpv4Type;
using packet::Packet;
using route::Drop;

namespace {

using Lab = RouterLab;

Octets to_other(std::uint8_t ttl = 64, std::size_t payload = 4) {
    return frame(Lab::host(0), Lab::host(1), packet::kUdp, udp(1000, 2000, payload), ttl);
}

bool checksums_are_right(const Packet& packet) {
    const auto header = packet.network().first(packet.transport_offset() - packet.network_offset());
    return InternetChecksum().add(header).is_correct() &&
           (packet.is_fragment() || packet.transport_checksum_ok());
}

// The ICMP error that went out by interface 0, if exactly one did.
struct Told {
    int type = -1;
    int code = -1;
    std::uint16_t mtu = 0;
    IpAddress from;
};
Told told(Lab& lab, std::size_t interface = 0) {
    const auto sent = lab.received(interface);
    if (sent.size() != 1 || !sent[0].packet || sent[0].packet->protocol() != packet::kIcmp) return {};
    const Packet& packet = *sent[0].packet;
    CHECK(checksums_are_right(packet));
    const auto header = net::wire::Icmpv4Header::parse(packet.transport(), !sent[0].offload.needs_checksum);
    REQUIRE(header);
    return {int(header->type), header->code, header->second, packet.source()};
}

void refuse_routes(route::TableParts& parts) {
    using route::WayKind;
    parts.routes.push_back({IpAddress::v4(192, 0, 2, 0), 24, WayKind::kBlackhole, {}});
    parts.routes.push_back({IpAddress::v4(198, 51, 100, 0), 24, WayKind::kUnreachable, {}});
    parts.routes.push_back({IpAddress::v4(203, 0, 113, 0), 24, WayKind::kProhibited, {}});
    parts.routes.push_back({IpAddress::v4(172, 16, 0, 0), 12, WayKind::kForward, {1, true, Lab::host(1, 7)}});
    parts.routes.push_back({IpAddress::v4(172, 32, 0, 0), 16, WayKind::kForward, {0, true, Lab::host(0, 7)}});
}

}  // namespace

TEST_CASE("a packet goes on by another interface, one hop older, with right checksums") {
    for (const bool writable : {true, false}) {
        Lab lab({.writable = writable});
        lab.send(0, to_other(7));
        const auto sent = lab.received(1);
        REQUIRE(sent.size() == 1);
        const Packet& packet = *sent[0].packet;
        CHECK(packet.hop_limit() == 6);
        CHECK(packet.source() == Lab::host(0));
        CHECK(packet.destination() == Lab::host(1));
        CHECK(checksums_are_right(packet));
        CHECK(sent[0].destination() == Lab::neighbor_mac(Lab::host(1)));
        CHECK(net::wire::EthernetHeader::parse(sent[0].octets)->source == Lab::mac(1));
        CHECK(lab.received(0).empty());
        CHECK(lab.router->counters(0).forwarded == 1);
        CHECK(lab.router->counters(1).sent == 1);
    }
}

TEST_CASE("padding of short frames stays behind") {
    Lab lab({});
    Octets octets = to_other();
    const std::size_t size = octets.size();
    octets.resize(60);
    lab.send(0, octets);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].octets.size() == size);
}

TEST_CASE("the router's addresses answer pings from every side") {
    Lab lab({});
    for (const std::size_t target : {0u, 1u, 2u}) {
        lab.send(0, frame(Lab::host(0), Lab::own(target), packet::kIcmp, icmp(8, 0, 1, 1)));
        const auto sent = lab.received(0);
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].packet->icmp_type() == 0);
        CHECK(sent[0].packet->source() == Lab::own(target));
    }
    CHECK(lab.router->counters(0).delivered == 3);
}

TEST_CASE("a packet at the end of its life is answered") {
    Lab lab({});
    for (const std::uint8_t ttl : {std::uint8_t{1}, std::uint8_t{0}}) {
        lab.send(0, to_other(ttl));
        const Told answer = told(lab);
        CHECK(answer.type == int(Icmpv4Type::kTimeExceeded));
        CHECK(answer.from == Lab::own(0));
    }
    CHECK(lab.drops(0, Drop::kHopLimit) == 2);
    CHECK(lab.received(1).empty());
}

TEST_CASE("no way, and ways that refuse") {
    Lab lab({.change = refuse_routes});
    struct Case {
        IpAddress to;
        int code;
        Drop reason;
    };
    for (const Case& one : {Case{IpAddress::v4(8, 8, 8, 8), 0, Drop::kNoRoute},
                            Case{IpAddress::v4(192, 0, 2, 1), -1, Drop::kBlackhole},
                            Case{IpAddress::v4(198, 51, 100, 1), 1, Drop::kUnreachable},
                            Case{IpAddress::v4(203, 0, 113, 1), 13, Drop::kProhibited}}) {
        lab.send(0, frame(Lab::host(0), one.to, packet::kUdp, udp(1, 2)));
        const Told answer = told(lab);
        CHECK(answer.code == one.code);
        CHECK(answer.type == (one.code < 0 ? -1 : int(Icmpv4Type::kUnreachable)));
        CHECK(lab.drops(0, one.reason) == 1);
    }
    lab.send(0, frame(Lab::host(0), IpAddress::v4(172, 20, 1, 1), packet::kUdp, udp(1, 2)));
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].destination() == Lab::neighbor_mac(Lab::host(1, 7)));
}

TEST_CASE("sources that cannot be are dropped") {
    Lab lab({});
    struct Case {
        IpAddress from;
        Drop reason;
    };
    for (const Case& one :
         {Case{IpAddress::v4(127, 0, 0, 1), Drop::kMartianSource},
          Case{IpAddress::v4(0, 1, 2, 3), Drop::kMartianSource},
          Case{IpAddress::v4(224, 0, 0, 5), Drop::kMartianSource},
          Case{IpAddress::v4(255, 255, 255, 255), Drop::kMartianSource},
          Case{Lab::own(0), Drop::kMartianSource}, Case{Lab::own(2), Drop::kMartianSource},
          Case{Lab::host(0, 255), Drop::kMartianSource}, Case{Lab::host(2), Drop::kReversePath},
          Case{IpAddress::v4(8, 8, 8, 8), Drop::kReversePath}}) {
        const auto before = lab.drops(0, one.reason);
        lab.send(0, frame(one.from, Lab::host(1), packet::kUdp, udp(1, 2)));
        CHECK(lab.received(1).empty());
        CHECK(lab.received(0).empty());
        CHECK(lab.drops(0, one.reason) == before + 1);
    }
}

TEST_CASE("a loose check asks for some way back, none asks for nothing") {
    Lab loose({.reverse_path = route::ReversePath::kLoose});
    loose.send(0, frame(Lab::host(2), Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(loose.received(1).size() == 1);
    loose.send(0, frame(IpAddress::v4(8, 8, 8, 8), Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(loose.received(1).empty());
    Lab off({.reverse_path = route::ReversePath::kOff});
    off.send(0, frame(IpAddress::v4(8, 8, 8, 8), Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(off.received(1).size() == 1);
}

TEST_CASE("targets that are not forwarded to") {
    Lab lab({.reverse_path = route::ReversePath::kOff});
    for (const IpAddress to :
         {IpAddress::v4(127, 0, 0, 1), IpAddress::v4(0, 0, 0, 1), IpAddress::v4(240, 0, 0, 1)})
        lab.send(0, frame(Lab::host(0), to, packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kMartianTarget) == 3);
    // A directed broadcast from outside (RFC 2644), and groups.
    lab.send(0, frame(Lab::host(0), Lab::host(1, 255), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kGroup) == 1);
    lab.send(0, frame(Lab::host(0), IpAddress::v4(224, 0, 0, 9), packet::kUdp, udp(1, 2)));
    lab.send(0, frame(Lab::host(0), IpAddress::v4(239, 1, 1, 1), packet::kUdp, udp(1, 2)));
    CHECK(lab.received(0).empty());
    CHECK(lab.received(1).empty());
}

TEST_CASE("IPv4 addresses of link scope stay on their link") {
    Lab lab(
        {.reverse_path = route::ReversePath::kOff, .change = [](route::TableParts& parts) {
             parts.routes.push_back(
                 {IpAddress::v4(169, 254, 0, 0), 16, route::WayKind::kForward, {1, true, Lab::host(1, 7)}});
         }});
    const IpAddress link_local = IpAddress::v4(169, 254, 1, 2);
    lab.send(0, frame(link_local, Lab::host(1), packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kScope) == 1);
    lab.send(0, frame(Lab::host(0), link_local, packet::kUdp, udp(1, 2)));
    CHECK(lab.drops(0, Drop::kScope) == 2);
    for (const std::size_t i : {0u, 1u, 2u}) CHECK(lab.received(i).empty());
    // The router itself may be talked to.
    lab.send(0, frame(link_local, Lab::own(0), packet::kIcmp, icmp(8, 0, 1, 1)));
    CHECK(lab.router->counters(0).delivered >= 1);
}

TEST_CASE("a packet beyond the MTU of its way: fragments, or word of it") {
    Lab lab({.change = [](route::TableParts&) {}});
    lab.interfaces[1]->limit_mtu(600);
    Octets octets = to_other(64, 1400);
    lab.send(0, octets);
    auto sent = lab.received(1);
    REQUIRE(sent.size() == 3);
    std::size_t total = 0;
    for (const auto& piece : sent) {
        CHECK(piece.packet->network().size() <= 600);
        CHECK(checksums_are_right(*piece.packet));
        CHECK(piece.packet->fragment().offset == total);
        total += piece.packet->transport().size();
    }
    CHECK(total == 1408);
    CHECK_FALSE(sent.back().packet->fragment().more);

    octets[14 + 6] = std::byte{0x40};  // do not fragment
    net::wire::Ipv4Header header = *net::wire::Ipv4Header::parse_quoted(Bytes(octets).subspan(14));
    header.emit(MutableBytes(octets).subspan(14));
    lab.send(0, octets);
    const Told answer = told(lab);
    CHECK(answer.type == int(Icmpv4Type::kUnreachable));
    CHECK(answer.code == 4);
    CHECK(answer.mtu == 600);
    CHECK(lab.drops(0, Drop::kTooBig) == 1);
    CHECK(lab.received(1).empty());
}

TEST_CASE("a neighbour that is silent") {
    Lab lab({});
    lab.silent.insert(Lab::host(1));
    lab.send(0, to_other());
    CHECK(lab.received(0).empty());
    for (int i = 0; i < 20; ++i) lab.wait(Duration::milliseconds(300));
    const Told answer = told(lab);
    CHECK(answer.type == int(Icmpv4Type::kUnreachable));
    CHECK(answer.code == 1);
    CHECK(lab.drops(0, Drop::kUnresolved) == 1);
}

TEST_CASE("a host that could do without the router is told so") {
    Lab lab({.change = refuse_routes});
    lab.send(0, frame(Lab::host(0), IpAddress::v4(172, 32, 1, 1), packet::kUdp, udp(1, 2)));
    const auto sent = lab.received(0);
    REQUIRE(sent.size() == 2);
    int redirects = 0;
    for (const auto& one : sent) {
        if (one.packet->protocol() != packet::kIcmp) continue;
        const auto header = net::wire::Icmpv4Header::parse(one.packet->transport(), true);
        CHECK(header->type == Icmpv4Type::kRedirect);
        CHECK(header->code == 1);
        CHECK(IpAddress::v4(std::uint32_t{header->first} << 16 | header->second) == Lab::host(0, 7));
        CHECK(one.packet->destination() == Lab::host(0));
        ++redirects;
    }
    CHECK(redirects == 1);
    CHECK(lab.router->counters(0).redirects == 1);
}

// As a filter with connection tracking sees it: one packet at a time between the way in and the way out.
class OneAtATime final : public packet::Hooks {
  public:
    using Verdict = packet::Verdict;
    Verdict prerouting(Instant, Packet&) override {
        in_transit = true;
        return Verdict::kAccept;
    }
    Verdict input(Instant, Packet&) override { return Verdict::kAccept; }
    Verdict forward(Instant, Packet&) override { return Verdict::kAccept; }
    Verdict output(Instant, Packet&) override {
        disturbed += in_transit ? 1 : 0;
        ++own;
        return Verdict::kAccept;
    }
    Verdict postrouting(Instant, Packet&) override {
        in_transit = false;
        return Verdict::kAccept;
    }
    Instant next_deadline() const override { return Instant::never(); }
    void expire(Instant) override {}

    bool in_transit = false;
    int disturbed = 0, own = 0;
};

TEST_CASE("a redirect does not come between a packet's hooks") {
    Lab lab({.change = refuse_routes});
    OneAtATime hooks;
    lab.router->set_hooks(&hooks);
    lab.send(0, frame(Lab::host(0), IpAddress::v4(172, 32, 1, 1), packet::kUdp, udp(1, 2)));
    CHECK(lab.received(0).size() == 2);
    CHECK(hooks.own == 1);
    CHECK(hooks.disturbed == 0);
}

TEST_CASE("hooks see the router's own datagrams whole; fragments are made behind them") {
    struct Watching final : packet::Hooks {
        using Verdict = packet::Verdict;
        Verdict prerouting(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict input(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict forward(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict look(const Packet& packet) {
            fragments += packet.is_fragment() ? 1 : 0;
            if (!packet.has_ports() || packet.source_port() != 500) return Verdict::kAccept;
            sizes.push_back(packet.network().size());
            CHECK(packet.transport_checksum_ok());
            return drops ? Verdict::kDrop : Verdict::kAccept;
        }
        Verdict output(Instant, Packet& packet) override { return look(packet); }
        Verdict postrouting(Instant, Packet& packet) override { return look(packet); }
        Instant next_deadline() const override { return Instant::never(); }
        void expire(Instant) override {}
        std::vector<std::size_t> sizes;
        int fragments = 0;
        bool drops = false;
    };
    for (const bool checksums : {false, true}) {
        Lab lab({.device = {.checksum = checksums}});
        Watching hooks;
        lab.router->set_hooks(&hooks);
        lab.interfaces[1]->limit_mtu(1300);
        auto socket = *lab.stack.udp().open();
        REQUIRE(socket->bind({Lab::own(1), 500}));
        socket->allow_broadcast(true);
        auto socket_v6 = *lab.stack.udp().open();
        REQUIRE(socket_v6->bind({Lab::own_v6(1), 500}));
        const Octets data(3000, std::byte{'x'});
        struct Case {
            net::udp::Socket* socket;
            IpAddress to;
            std::size_t header;
        };
        for (const Case& one :
             {Case{socket.get(), Lab::host(1), 20}, Case{socket_v6.get(), Lab::host_v6(1), 40},
              Case{socket.get(), IpAddress::v4(239, 1, 2, 3), 20},
              Case{socket.get(), Lab::host(1, 255), 20}}) {
            hooks.sizes.clear();
            REQUIRE(one.socket->send_to(lab.now, {one.to, 7}, data));
            lab.stack.transmit(lab.now);
            const auto sent = lab.received(1);
            const std::size_t whole = one.header + 8 + data.size();
            CHECK(hooks.sizes == std::vector<std::size_t>{whole, whole});
            REQUIRE(sent.size() == 3);
            std::size_t total = 0;
            for (const auto& piece : sent) {
                CHECK(piece.packet->network().size() <= (one.header == 20 ? 1300 : 1500));
                CHECK(piece.packet->fragment().offset == total);
                CHECK(piece.packet->fragment().identification == sent[0].packet->fragment().identification);
                CHECK(piece.packet->destination() == one.to);
                CHECK_FALSE(piece.offload.needs_checksum);
                total += piece.packet->transport().size();
            }
            CHECK(total == 8 + data.size());
        }
        CHECK(hooks.fragments == 0);
        hooks.drops = true;
        REQUIRE(socket->send_to(lab.now, {Lab::host(1), 7}, data));
        lab.stack.transmit(lab.now);
        CHECK(lab.received(1).empty());
        lab.router->set_hooks(nullptr);
    }
}

TEST_CASE("what a hook wants sent leaves before the next packet is looked at") {
    struct Refusing final : packet::Hooks {
        using Verdict = packet::Verdict;
        explicit Refusing(packet::HookHost& of) : host(of) {}
        Verdict prerouting(Instant, Packet&) override {
            late += waiting;
            return Verdict::kAccept;
        }
        Verdict input(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict forward(Instant now, Packet&) override {
            const Octets answer = frame(Lab::own(0), Lab::host(0), packet::kUdp, udp(3, 4));
            host.send(now, Bytes(answer).subspan(Packet::kEthernetHeader), {});
            ++waiting;
            return Verdict::kDrop;
        }
        Verdict output(Instant, Packet&) override {
            --waiting;
            return Verdict::kAccept;
        }
        Verdict postrouting(Instant, Packet&) override { return Verdict::kAccept; }
        Instant next_deadline() const override { return Instant::never(); }
        void expire(Instant) override {}
        packet::HookHost& host;
        int waiting = 0, late = 0;
    };
    Lab lab({});
    Refusing hooks(*lab.router);
    lab.router->set_hooks(&hooks);
    Octets packet = to_other();
    net::wire::EthernetHeader{Lab::mac(0), {{2, 9, 9, 9, 9, 9}}, net::wire::kEtherTypeIpv4}.emit(packet);
    for (int i = 0; i < 3; ++i) lab.stack.receive(lab.now, *lab.interfaces[0], {packet, {}, nullptr});
    CHECK(hooks.late == 0);
    lab.stack.transmit(lab.now);
    CHECK(lab.received(0).size() == 3);
    lab.router->set_hooks(nullptr);
}

TEST_CASE("errors are rate-limited, and there is none about an error or a group") {
    Lab lab({});
    for (int i = 0; i < 500; ++i) lab.send(0, to_other(1));
    CHECK(lab.received(0).size() == net::icmp::Layer::kErrorBurst);
    lab.wait(Duration::seconds(1));
    lab.received(0);
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kIcmp, icmp(3, 1), 1));
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kIcmp, icmp(11, 0), 1));
    CHECK(lab.received(0).empty());
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kIcmp, icmp(8, 0), 1));
    CHECK(lab.received(0).size() == 1);
}

TEST_CASE("source routes are refused, other options stay") {
    Lab lab({});
    const auto with_option = [](std::initializer_list<int> option) {
        Octets octets = to_other();
        Octets options;
        for (const int byte : option) options.push_back(std::byte(byte));
        octets.insert(octets.begin() + 34, options.begin(), options.end());
        octets[14] = std::byte(0x40 | (20 + options.size()) / 4);
        put16(octets, 14 + 2, std::uint16_t(octets.size() - 14));
        put16(octets, 14 + 10, 0);
        put16(octets, 14 + 10,
              InternetChecksum().add(Bytes(octets).subspan(14, 20 + options.size())).value());
        return octets;
    };
    lab.send(0, with_option({131, 7, 4, 10, 0, 1, 9, 0}));
    CHECK(told(lab).code == 5);
    CHECK(lab.drops(0, Drop::kSourceRoute) == 1);
    lab.send(0, with_option({148, 4, 0, 0}));  // router alert
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].packet->transport_offset() == 14 + 24);
    CHECK(checksums_are_right(*sent[0].packet));
}

TEST_CASE("a super-frame passes whole where what it carries fits, with its header") {
    const net::DeviceCapabilities able{.mtu = 1500, .checksum = true, .tcp4_segmentation = true};
    Lab lab({.device = able});
    lab.send(0, to_other());  // resolves the neighbour, for whom no large frame would be kept
    lab.received(1);
    const Octets octets =
        frame(Lab::host(0), Lab::host(1), packet::kTcp,
              tcp({.source_port = 1, .destination_port = 2, .flags = 0x18, .payload = 20'000}));
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 16;
    offload.segmentation = net::Segmentation::kTcp4;
    offload.segment_size = 1448;
    lab.send(0, octets, offload);
    auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].octets.size() == octets.size());
    CHECK(sent[0].offload.segmentation == net::Segmentation::kTcp4);
    CHECK(sent[0].offload.segment_size == 1448);
    CHECK(sent[0].offload.header_length == 54);
    CHECK(sent[0].offload.checksum_start == 34);

    // A narrower link, and a device that does not cut: the router does.
    lab.interfaces[1]->limit_mtu(1400);
    lab.send(0, octets, offload);
    sent = lab.received(1);
    CHECK(sent.size() == 27);  // fragments, since they may be cut; the last of 14 segments fits
    for (const auto& piece : sent) CHECK(piece.packet->network().size() <= 1400);
    Octets whole = octets;
    whole[14 + 6] = std::byte{0x40};
    net::wire::Ipv4Header header = *net::wire::Ipv4Header::parse_quoted(Bytes(whole).subspan(14));
    header.emit(MutableBytes(whole).subspan(14));
    lab.send(0, whole, offload);
    const Told answer = told(lab);
    CHECK(answer.code == 4);
    CHECK(answer.mtu == 1400);
}

TEST_CASE("a super-frame of UDP leaves whole, or in datagrams if the device does not cut it") {
    Lab cutting({.device = {.mtu = 1500, .checksum = true, .udp_segmentation = true}});
    Lab lab({.device = {.mtu = 1500, .checksum = true}});
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 6;
    offload.segmentation = net::Segmentation::kUdpSegments;
    offload.segment_size = 1000;
    lab.send(0, to_other());
    lab.received(1);
    lab.send(0, to_other(64, 10'000), offload);
    const auto in_datagrams = [](const std::deque<Lab::Sent>& sent) {
        REQUIRE(sent.size() == 10);
        for (const auto& piece : sent) {
            CHECK(piece.packet->transport().size() == 1008);
            CHECK(checksums_are_right(*piece.packet));
        }
    };
    in_datagrams(lab.received(1));

    // It is the first of its flow: it waits until the neighbour has said where it is.
    cutting.send(0, to_other(64, 10'000), offload);
    auto sent = cutting.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].packet->transport().size() == 10'008);
    CHECK(sent[0].offload.segmentation == net::Segmentation::kUdpSegments);
    CHECK(sent[0].offload.segment_size == 1000);
    CHECK(sent[0].offload.header_length == 42);
    CHECK(sent[0].offload.needs_checksum);
    // With finished checksums, which such devices do not take.
    offload.needs_checksum = false;
    Octets summed = to_other(64, 10'000);
    cutting.send(0, summed, offload);
    in_datagrams(cutting.received(1));
    // A narrower way.
    cutting.interfaces[1]->limit_mtu(600);
    offload.needs_checksum = true;
    cutting.send(0, to_other(64, 10'000), offload);
    CHECK(cutting.received(1).size() == 20);
}

TEST_CASE("a device that cannot cut super-frames gets segments") {
    Lab lab({});
    Octets octets = frame(
        Lab::host(0), Lab::host(1), packet::kTcp,
        tcp({.source_port = 1, .destination_port = 2, .flags = 0x19, .sequence = 1000, .payload = 5000}));
    net::Offload offload;
    offload.segmentation = net::Segmentation::kTcp4;
    offload.segment_size = 1448;
    lab.send(0, octets, offload);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 4);
    std::uint32_t sequence = 1000;
    for (const auto& piece : sent) {
        const Packet& packet = *piece.packet;
        CHECK(checksums_are_right(packet));
        CHECK(packet.hop_limit() == 63);
        const Bytes transport = packet.transport();
        CHECK(std::uint32_t{net::wire::load<NetU32>(transport.subspan(4))} == sequence);
        sequence += std::uint32_t(transport.size() - 20);
        CHECK(packet.tcp_flags() == (&piece == &sent.back() ? 0x19 : 0x10));
    }
    CHECK(sequence == 6000);
}

TEST_CASE("a device without checksums gets finished packets") {
    Lab lab({});
    Octets octets = to_other();
    // As a device asks for it: the sum of the pseudo header in the field.
    const std::uint16_t sum =
        net::ip::pseudo_header(Lab::host(0), Lab::host(1), net::ip::Protocol::kUdp, 12).sum();
    put16(octets, 34 + 6, sum);
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 6;
    lab.send(0, octets, offload);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK_FALSE(sent[0].offload.needs_checksum);
    CHECK(checksums_are_right(*sent[0].packet));
}

TEST_CASE("a full device keeps frames back in a queue, and drops beyond it") {
    Lab lab({});
    lab.send(0, to_other());
    lab.received(1);
    lab.devices[1]->room = 0;
    for (int i = 0; i < 20; ++i) lab.send(0, to_other());
    CHECK(lab.received(1).empty());
    lab.devices[1]->room = 1000;
    lab.wait(Duration::milliseconds(1));
    CHECK(lab.received(1).size() == 20);
}

TEST_CASE("malformed packets are counted and go nowhere") {
    Lab lab({});
    Octets octets = to_other();
    octets[14 + 10] ^= std::byte{1};
    lab.send(0, octets);
    CHECK(lab.drops(0, Drop::kBadChecksum) == 1);
    octets = to_other();
    octets.resize(30);
    lab.send(0, octets);
    octets = to_other();
    octets[14] = std::byte{0x65};
    lab.send(0, octets);
    CHECK(lab.drops(0, Drop::kMalformed) == 2);
    CHECK(lab.received(1).empty());
}

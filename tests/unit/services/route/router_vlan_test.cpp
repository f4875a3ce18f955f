// VLANs as interfaces of a router: packets between them, and between them and their trunk.

#include <algorithm>
#include <cstring>

#include "net/link/vlan_device.h"
#include "tests/unit/services/route/router_packets.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using route::Drop;

namespace {

constexpr std::uint16_t kNumbers[] = {30, 40};
constexpr IpAddress kHosts[] = {IpAddress::v4(10, 0, 30, 9), IpAddress::v4(10, 0, 40, 9)};
constexpr net::MacAddress kHostMac = {{2, 30, 0, 0, 0, 9}};

// Interfaces 0 and 1 are devices, 2 and 3 VLANs on the first of them.
void add_vlans(route::TableParts& parts) {
    for (const std::uint16_t number : kNumbers) {
        route::InterfaceRecord record;
        record.name = {'v', char('0' + number / 10)};
        record.device = parts.interfaces[0].device;
        record.vlan = number;
        record.v4 = route::AddressSource::kStatic;
        record.v4_address = IpAddress::v4(10, 0, std::uint8_t(number), 1).to_v4();
        record.v4_length = 24;
        parts.interfaces.push_back(record);
    }
}

class Trunk : public RouterLab {
  public:
    explicit Trunk(std::uint16_t mtu = 1500) : RouterLab({.interfaces = 2, .change = add_vlans}) {
        for (std::size_t i = 0; i < std::size(kNumbers); ++i) {
            net::InterfaceConfiguration configuration;
            configuration.mtu = mtu;
            const auto made = stack.add_vlan(now, *interfaces[0], kNumbers[i], configuration);
            REQUIRE(made);
            REQUIRE(router->attach(now, 2 + i, **made));
        }
        for (int i = 0; i < 30; ++i) wait(Duration::milliseconds(200));
        received(0);
        // Who is there: by what they ask themselves.
        for (std::size_t i = 0; i < std::size(kNumbers); ++i) {
            const IpAddress own = IpAddress::v4(10, 0, std::uint8_t(kNumbers[i]), 1);
            const auto request = net::testing::arp_message(
                {net::wire::ArpMessage::Operation::kRequest, kHostMac, kHosts[i], {}, own});
            const auto whole = net::testing::ethernet_frame(net::MacAddress::broadcast(), kHostMac,
                                                            net::wire::kEtherTypeArp, request);
            Octets octets(whole.begin(), whole.end());
            tag(octets, kNumbers[i]);
            stack.receive(now, *interfaces[0], {octets, {}, nullptr});
            stack.transmit(now);
        }
        received(0);
    }

    static void tag(Octets& octets, std::uint16_t number) {
        const std::byte header[] = {std::byte{0x81}, std::byte{0}, std::byte(number >> 8), std::byte(number)};
        octets.insert(octets.begin() + 12, std::begin(header), std::end(header));
    }
    // Takes the tag off; its number, or 0.
    static std::uint16_t untag(Octets& octets) {
        if (octets.size() < 18 || octets[12] != std::byte{0x81}) return 0;
        const auto number = std::uint16_t(std::uint16_t(octets[14]) << 8 | std::uint16_t(octets[15]));
        octets.erase(octets.begin() + 12, octets.begin() + 16);
        return number;
    }
    void send_tagged(std::uint16_t number, Octets octets) {
        tag(octets, number);
        send(0, octets);
    }
};

Octets datagram(const IpAddress& from, const IpAddress& to, std::size_t payload = 4) {
    return frame(from, to, packet::kUdp, udp(1000, 2000, payload));
}

}  // namespace

TEST_CASE("what comes by a VLAN leaves without a tag, and the other way round") {
    Trunk lab;
    lab.send_tagged(30, datagram(kHosts[0], RouterLab::host(1)));
    const auto plain = lab.received(1);
    REQUIRE(plain.size() == 1);
    REQUIRE(plain[0].packet);
    CHECK(plain[0].packet->source() == kHosts[0]);
    CHECK(plain[0].packet->hop_limit() == 63);
    CHECK(checksums_are_right(*plain[0].packet));
    CHECK(plain[0].destination() == RouterLab::neighbor_mac(RouterLab::host(1)));

    lab.send(1, datagram(RouterLab::host(1), kHosts[0]));
    auto tagged = lab.received(0);
    REQUIRE(tagged.size() == 1);
    Octets octets = tagged[0].octets;
    CHECK(Trunk::untag(octets) == 30);
    const auto packet = packet::Packet::parse(octets, {});
    REQUIRE(packet);
    CHECK(packet->destination() == kHosts[0]);
    CHECK(checksums_are_right(*packet));
    CHECK(net::wire::EthernetHeader::parse(octets)->destination == kHostMac);
    CHECK(lab.router->counters(2).received == 1);
    CHECK(lab.router->counters(2).forwarded == 1);
    CHECK(lab.router->counters(2).sent == 1);
    CHECK(lab.router->counters(0).received == 0);
}

TEST_CASE("from one VLAN to another of the same trunk, and to the trunk itself") {
    Trunk lab;
    lab.send_tagged(30, datagram(kHosts[0], kHosts[1]));
    auto sent = lab.received(0);
    REQUIRE(sent.size() == 1);
    CHECK(Trunk::untag(sent[0].octets) == 40);
    lab.send_tagged(40, datagram(kHosts[1], RouterLab::host(0)));
    sent = lab.received(0);
    REQUIRE(sent.size() == 1);
    CHECK(Trunk::untag(sent[0].octets) == 0);
    // Not the same link: no redirects.
    CHECK(lab.router->counters(2).redirects + lab.router->counters(3).redirects == 0);
}

TEST_CASE("a tag decides where a packet has come from") {
    Trunk lab;
    // The way back to the source leads into another VLAN.
    lab.send_tagged(40, datagram(kHosts[0], RouterLab::host(1)));
    CHECK(lab.drops(3, Drop::kReversePath) == 1);
    lab.send(0, datagram(kHosts[0], RouterLab::host(1)));
    CHECK(lab.drops(0, Drop::kReversePath) == 1);
    // A VLAN that is none of ours; a second tag behind the first; a frame that ends in its tag.
    lab.send_tagged(31, datagram(kHosts[0], RouterLab::host(1)));
    Octets twice = datagram(kHosts[0], RouterLab::host(1));
    Trunk::tag(twice, 40);
    lab.send_tagged(30, twice);
    Octets cut = datagram(kHosts[0], RouterLab::host(1));
    Trunk::tag(cut, 30);
    cut.resize(17);
    lab.send(0, cut);
    CHECK(lab.received(1).empty());
    CHECK(lab.router->counters(2).received == 0);
}

TEST_CASE("a VLAN has an MTU of its own") {
    Trunk lab(1000);
    Octets large = datagram(RouterLab::host(1), kHosts[0], 1200);
    put16(large, 20, 0x4000);
    put16(large, 24, 0);
    put16(large, 24, InternetChecksum{}.add(Bytes(large).subspan(14, 20)).value());
    lab.send(1, large);
    const Told answer = told(lab, 1);
    CHECK(answer.type == 3);
    CHECK(answer.code == 4);
    CHECK(answer.mtu == 1000);
    CHECK(lab.drops(1, Drop::kTooBig) == 1);
    lab.send(1, datagram(RouterLab::host(1), kHosts[0], 1200));  // it may be cut
    auto sent = lab.received(0);
    REQUIRE(sent.size() == 2);
    for (auto& one : sent) {
        CHECK(Trunk::untag(one.octets) == 30);
        CHECK(one.octets.size() <= 14 + 1000);
    }
}

TEST_CASE("a router has 127 interfaces, and the last of them forwards like the first") {
    static constexpr std::uint16_t kFirst = 1000;
    static constexpr std::size_t kMany = route::kMaximumInterfaces - 2;
    RouterLab lab({.interfaces = 2, .change = [](route::TableParts& parts) {
                       for (std::size_t i = 0; i < kMany; ++i) {
                           route::InterfaceRecord record;
                           record.name = {'v', char('0' + i / 100), char('0' + i / 10 % 10),
                                          char('0' + i % 10)};
                           record.device = parts.interfaces[0].device;
                           record.vlan = std::uint16_t(kFirst + i);
                           record.v4 = route::AddressSource::kStatic;
                           record.v4_address = IpAddress::v4(10, 1, std::uint8_t(i), 1).to_v4();
                           record.v4_length = 24;
                           parts.interfaces.push_back(record);
                       }
                   }});
    for (std::size_t i = 0; i < kMany; ++i) {
        const auto made = lab.stack.add_vlan(lab.now, *lab.interfaces[0], std::uint16_t(kFirst + i), {});
        REQUIRE(made);
        REQUIRE(lab.router->attach(lab.now, 2 + i, **made));
    }
    const auto beyond = lab.stack.add_vlan(lab.now, *lab.interfaces[0], kFirst + kMany, {});
    REQUIRE_FALSE(beyond);
    CHECK(beyond.error().code == ErrorCode::kTooManyOpen);
    for (int i = 0; i < 30; ++i) lab.wait(Duration::milliseconds(200));
    lab.received(0);

    for (const std::size_t i : {std::size_t{0}, kMany - 1}) {
        CAPTURE(i);
        const IpAddress host = IpAddress::v4(10, 1, std::uint8_t(i), 9);
        Octets octets = datagram(host, RouterLab::host(1));
        Trunk::tag(octets, std::uint16_t(kFirst + i));
        lab.send(0, octets);
        const auto plain = lab.received(1);
        REQUIRE(plain.size() == 1);
        REQUIRE(plain[0].packet);
        CHECK(plain[0].packet->source() == host);
        CHECK(lab.router->counters(2 + i).forwarded == 1);

        // The way back begins with a question by that VLAN.
        lab.send(1, datagram(RouterLab::host(1), host));
        auto asked = lab.received(0);
        REQUIRE_FALSE(asked.empty());
        CHECK(Trunk::untag(asked[0].octets) == kFirst + i);
        CHECK(net::wire::EthernetHeader::parse(asked[0].octets)->type == net::wire::kEtherTypeArp);
    }
}

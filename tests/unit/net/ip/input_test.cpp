#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

// A host with a socket on port 7 of all addresses: whether IP let a datagram through can be read off it.
struct Listening : Host {
    Listening() {
        know(kPeer);
        socket = *stack.udp().open();
        REQUIRE(socket->bind({IpAddress::any_v4(), 7}));
    }
    bool heard() {
        if (!socket->front()) return false;
        socket->pop();
        return true;
    }
    Frame datagram(IpAddress source = kPeer.address, IpAddress destination = kAddress) const {
        return udp_datagram({source, 5000}, {destination, 7}, bytes_of("hello"));
    }
    std::unique_ptr<udp::Socket> socket;
};

}  // namespace

TEST_CASE("what is addressed to us arrives, padding stripped; what is not, does not") {
    Listening host;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), host.datagram());
    CHECK(host.heard());
    const Frame padded = ipv4_packet(host.from(Host::kPeer, ip::Protocol::kUdp), host.datagram()) + Frame(10);
    host.receive(ethernet_frame(Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4, padded));
    REQUIRE(host.socket->front());
    CHECK(as_text(host.socket->front()->payload) == "hello");
    CHECK(host.heard());

    const IpAddress other = IpAddress::v4(10, 0, 0, 3);
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp, other),
                    host.datagram(Host::kPeer.address, other));
    host.receive(ethernet_frame(Host::kPeer.mac, Host::kPeer.mac, wire::kEtherTypeIpv4,
                                ipv4_packet(host.from(Host::kPeer, ip::Protocol::kUdp), host.datagram())));
    CHECK_FALSE(host.heard());
    CHECK(host.stack.counters()[Drop::kNotForUs] == 2);
    CHECK(host.device.frames.empty());  // a host neither forwards it nor redirects its sender
}

TEST_CASE("what has come need go no further: its time to live does not matter (RFC 1122, section 3.2.1.7)") {
    Listening host;
    for (const std::uint8_t ttl : {std::uint8_t{0}, std::uint8_t{1}}) {
        auto header = host.from(Host::kPeer, ip::Protocol::kUdp);
        header.ttl = ttl;
        host.receive_ip(header, host.datagram());
        REQUIRE(host.socket->front());
        CHECK(host.socket->front()->ttl == ttl);
        host.socket->pop();
    }
}

TEST_CASE("broadcasts of the network and of the link arrive") {
    Listening host;
    for (const IpAddress group :
         {IpAddress::v4(10, 0, 0, 255), IpAddress::v4(0xffffffff), IpAddress::v4(224, 0, 0, 1)}) {
        host.receive(ethernet_frame(MacAddress::broadcast(), Host::kPeer.mac, wire::kEtherTypeIpv4,
                                    ipv4_packet(host.from(Host::kPeer, ip::Protocol::kUdp, group),
                                                host.datagram(Host::kPeer.address, group))));
        CHECK(host.heard());
    }
}

TEST_CASE("source addresses that no host may have are refused") {
    Listening host;
    for (const IpAddress source : {IpAddress::v4(0), IpAddress::v4(127, 0, 0, 1), IpAddress::v4(224, 0, 0, 5),
                                   IpAddress::v4(0xffffffff), IpAddress::v4(10, 0, 0, 255), Host::kAddress}) {
        auto header = host.from(Host::kPeer, ip::Protocol::kUdp);
        header.source = source;
        host.receive_ip(header, host.datagram(source));
        CHECK_FALSE(host.heard());
    }
    CHECK(host.stack.counters()[Drop::kBadSource] == 6);
    auto header = host.from(Host::kPeer, ip::Protocol::kUdp, IpAddress::v4(127, 0, 0, 1));
    host.receive_ip(header, host.datagram(Host::kPeer.address, IpAddress::v4(127, 0, 0, 1)));
    CHECK_FALSE(host.heard());
}

TEST_CASE("malformed headers are refused, each with its reason") {
    Listening host;
    const Frame good = ipv4_packet(host.from(Host::kPeer, ip::Protocol::kUdp), host.datagram());
    const auto drop_of = [&](auto&& spoil, Drop reason) {
        Frame bad = good;
        spoil(bad);
        const auto before = host.stack.counters()[reason];
        host.receive(ethernet_frame(Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4, bad));
        return !host.heard() && host.stack.counters()[reason] == before + 1;
    };
    const auto fix = [](Frame& frame, std::size_t header_size) {
        frame[10] = frame[11] = std::byte{0};
        const std::uint16_t sum = InternetChecksum().add(Bytes(frame).first(header_size)).value();
        frame[10] = std::byte(sum >> 8);
        frame[11] = std::byte(sum);
    };
    CHECK(drop_of([](Frame& f) { f.resize(19); }, Drop::kTruncated));
    CHECK(drop_of([](Frame& f) { f.resize(f.size() - 1); }, Drop::kTruncated));
    CHECK(drop_of([](Frame& f) { f[0] = std::byte{0x55}; }, Drop::kBadVersion));
    CHECK(drop_of([](Frame& f) { f[0] = std::byte{0x44}; }, Drop::kBadLength));
    CHECK(drop_of([](Frame& f) { f[3] = std::byte{19}; }, Drop::kBadLength));
    CHECK(drop_of([](Frame& f) { f[8] ^= std::byte{1}; }, Drop::kBadChecksum));

    const auto with_option = [&](std::initializer_list<int> option) {
        return [=](Frame& f) {
            Frame options;
            for (const int byte : option) options.push_back(std::byte(byte));
            options.resize(4);
            f.insert(f.begin() + 20, options.begin(), options.end());
            f[0] = std::byte{0x46};
            f[3] = std::byte(f.size());
            fix(f, 24);
        };
    };
    CHECK(drop_of(with_option({131, 3, 4, 0}), Drop::kSourceRoute));
    CHECK(drop_of(with_option({1, 137, 3, 4}), Drop::kSourceRoute));
    CHECK(drop_of(with_option({7, 5, 4, 0}), Drop::kBadOption));
    CHECK(drop_of(with_option({1, 1, 1, 7}), Drop::kBadOption));
    Frame fine = good;
    with_option({1, 148, 2, 0})(fine);
    host.receive(ethernet_frame(Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4, fine));
    CHECK(host.heard());
}

TEST_CASE("a checksum is verified unless the device vouches for it") {
    Listening host;
    Frame bad = host.datagram();
    bad[6] ^= std::byte{0x10};
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), bad);
    CHECK_FALSE(host.heard());
    Offload valid;
    valid.checksum_valid = true;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), bad, valid);
    CHECK(host.heard());
    Offload partial;
    partial.needs_checksum = true;
    partial.checksum_start = 34;
    partial.checksum_offset = 6;
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), bad, partial);
    CHECK(host.heard());
    partial.checksum_start = 40;  // about something else than this datagram
    host.receive_ip(host.from(Host::kPeer, ip::Protocol::kUdp), bad, partial);
    CHECK_FALSE(host.heard());
}

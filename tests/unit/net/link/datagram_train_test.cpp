// Datagrams that leave as one frame: whatever is joined, the device's cutting brings back what was sent.

#include "net/link/datagram_train.h"

#include <string>

#include <doctest/doctest.h>

#include "net/wire/ipv6.h"
#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using link::DatagramTrain;

namespace {

struct Outgoing {
    Frame frame;
    Offload offload;
    std::optional<DatagramTrain> train() const { return DatagramTrain::of(frame, frame.size(), offload); }
};

// As a transport leaves it: the checksum field holds the pseudo header's sum.
Outgoing finished(Frame frame, std::size_t transport, const IpAddress& source, const IpAddress& destination) {
    const std::uint16_t sum =
        ip::pseudo_header(source, destination, ip::Protocol::kUdp, frame.size() - transport).sum();
    frame[transport + 6] = std::byte(sum >> 8);
    frame[transport + 7] = std::byte(sum);
    Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = std::uint16_t(transport);
    offload.checksum_offset = wire::UdpHeader::kChecksumOffset;
    return {frame, offload};
}

Outgoing datagram(const std::string& text, std::uint16_t port = 9, std::uint16_t identification = 0,
                  bool dont_fragment = true) {
    Frame udp(wire::UdpHeader::kSize);
    wire::UdpHeader{7, port, std::uint16_t(udp.size() + text.size())}.emit(udp);
    wire::Ipv4Header header;
    header.source = Host::kAddress;
    header.destination = Host::kPeer.address;
    header.protocol = 17;
    header.identification = identification;
    header.dont_fragment = dont_fragment;
    return finished(ethernet_frame(Host::kPeer.mac, Host::kMac, wire::kEtherTypeIpv4,
                                   ipv4_packet(header, udp + bytes_of(text))),
                    34, header.source, header.destination);
}

Outgoing datagram_v6(const std::string& text) {
    Frame udp(wire::UdpHeader::kSize);
    wire::UdpHeader{7, 9, std::uint16_t(udp.size() + text.size())}.emit(udp);
    wire::Ipv6Header header;
    header.source = IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    header.destination = IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
    header.next_header = 17;
    header.payload_length = std::uint16_t(udp.size() + text.size());
    Frame ip(wire::Ipv6Header::kSize);
    header.emit(ip);
    return finished(
        ethernet_frame(Host::kPeer.mac, Host::kMac, wire::kEtherTypeIpv6, ip + udp + bytes_of(text)), 54,
        header.source, header.destination);
}

// The first, and behind it the payloads of those that it has taken.
struct Joined {
    explicit Joined(const Outgoing& first) : frame(first.frame), train(*first.train()) {}
    bool take(const Outgoing& next) {
        const auto other = next.train();
        if (!other || !train.open() || !train.same_flow(frame, *other, next.frame) ||
            !train.take(frame, *other, next.frame))
            return false;
        frame.insert(frame.end(), next.frame.begin() + std::ptrdiff_t(other->headers()), next.frame.end());
        return true;
    }
    Frame frame;
    DatagramTrain train;
};

void put(Frame& frame, std::size_t at, std::uint16_t value) {
    frame[at] = std::byte(value >> 8);
    frame[at + 1] = std::byte(value);
}

// What a device does with a frame of kUdpSegments, but for checksums, which stay partial.
std::vector<Frame> cut(Frame frame, const Offload& offload) {
    CHECK(offload.segmentation == Segmentation::kUdpSegments);
    CHECK(offload.needs_checksum);
    const std::size_t transport = offload.checksum_start, headers = transport + 8;
    CHECK(offload.header_length == headers);
    const bool v4 = transport == 34;
    const std::uint16_t whole = std::uint16_t(frame.size() - transport);
    std::vector<Frame> pieces;
    for (std::size_t at = headers; at < frame.size(); at += offload.segment_size) {
        const std::size_t size = std::min<std::size_t>(offload.segment_size, frame.size() - at);
        Frame piece(frame.begin(), frame.begin() + std::ptrdiff_t(headers));
        piece.insert(piece.end(), frame.begin() + std::ptrdiff_t(at),
                     frame.begin() + std::ptrdiff_t(at + size));
        const auto length = std::uint16_t(size + 8);
        CHECK(std::uint16_t{wire::load<NetU16>(Bytes(piece).subspan(transport + 4))} == whole);
        put(piece, transport + 4, length);
        // The sum of the pseudo header, with another length in it.
        put(piece, transport + 6,
            InternetChecksum()
                .add_word(wire::load<NetU16>(Bytes(piece).subspan(transport + 6)))
                .add_word(std::uint16_t(~whole))
                .add_word(length)
                .sum());
        if (v4) {
            auto header = *wire::Ipv4Header::parse(Bytes(frame).subspan(14));
            CHECK(header.total_length == frame.size() - 14);
            header.total_length = std::uint16_t(20 + length);
            if (!header.dont_fragment)
                header.identification = std::uint16_t(header.identification + pieces.size());
            header.emit(MutableBytes(piece).subspan(14));
        } else {
            CHECK(std::uint16_t{wire::load<NetU16>(Bytes(piece).subspan(18))} == whole);
            put(piece, 18, length);
        }
        pieces.push_back(piece);
    }
    return pieces;
}

void check_journey(const std::vector<Outgoing>& sent) {
    Joined joined(sent[0]);
    for (std::size_t i = 1; i < sent.size(); ++i) CHECK(joined.take(sent[i]));
    CHECK(joined.train.datagrams() == sent.size());
    const Offload offload = joined.train.finish(joined.frame);
    const std::vector<Frame> pieces = cut(joined.frame, offload);
    REQUIRE(pieces.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) CHECK(pieces[i] == sent[i].frame);
}

}  // namespace

TEST_CASE("datagrams of one size, the last perhaps shorter, come apart as they were sent") {
    check_journey({datagram("one"), datagram("two"), datagram("six")});
    check_journey({datagram("three"), datagram("seven"), datagram("ten")});
    check_journey({datagram_v6("three"), datagram_v6("seven"), datagram_v6("x")});
    std::vector<Outgoing> many;
    for (unsigned i = 0; i < DatagramTrain::kMaximumDatagrams; ++i)
        many.push_back(datagram(std::string(900, char('A' + i)), 9, std::uint16_t(0xfff0 + i), false));
    check_journey(many);
}

TEST_CASE("behind a shorter datagram, and behind as many as a device takes, there is no more") {
    Joined joined(datagram("three"));
    CHECK(joined.take(datagram("six")));
    CHECK_FALSE(joined.train.open());
    Joined many(datagram("x"));
    for (unsigned i = 1; i < DatagramTrain::kMaximumDatagrams; ++i) CHECK(many.take(datagram("y")));
    CHECK_FALSE(many.train.open());
    Joined large(datagram(std::string(1400, 'x')));
    unsigned taken = 1;
    while (large.take(datagram(std::string(1400, 'x')))) ++taken;
    CHECK(taken == DatagramTrain::kMaximumPayload / 1400);
}

TEST_CASE("what differs in more than a device writes itself is not joined, and nothing passes it") {
    Joined joined(datagram("three"));
    CHECK_FALSE(joined.take(datagram("other", 10)));
    CHECK_FALSE(joined.take(datagram_v6("other")));
    Outgoing marked = datagram("other");
    marked.frame[15] = std::byte{3};  // congestion experienced
    CHECK_FALSE(joined.take(marked));
    CHECK(joined.train.open());
    CHECK_FALSE(joined.take(datagram("longer than before")));
    CHECK_FALSE(joined.train.open());

    // The device counts identifications up.
    Joined counted(datagram("three", 9, 5, false));
    CHECK(counted.take(datagram("other", 9, 6, false)));
    CHECK_FALSE(counted.take(datagram("other", 9, 8, false)));
    CHECK_FALSE(counted.train.open());
}

TEST_CASE("only whole datagrams whose checksum the device completes begin a train") {
    const Outgoing good = datagram("three");
    CHECK(good.train());
    const auto refused = [&](auto change) {
        Outgoing bad = good;
        change(bad);
        return !bad.train();
    };
    CHECK(refused([](Outgoing& o) { o.offload.needs_checksum = false; }));
    CHECK(refused([](Outgoing& o) { o.offload.checksum_offset = 16; }));  // TCP
    CHECK(refused([](Outgoing& o) { o.offload.checksum_start = 33; }));
    CHECK(refused([](Outgoing& o) { o.offload.checksum_start = 0; }));
    CHECK(refused([](Outgoing& o) { o.offload.checksum_start = 0xffff; }));
    CHECK(refused([](Outgoing& o) { o.offload.segmentation = Segmentation::kUdpSegments; }));
    CHECK(refused([](Outgoing& o) { o.frame[23] = std::byte{6}; }));
    CHECK(refused([](Outgoing& o) { o.frame[20] = std::byte{0x20}; }));    // more fragments
    CHECK(refused([](Outgoing& o) { o.frame.push_back(std::byte{0}); }));  // padding
    CHECK(refused([](Outgoing& o) { put(o.frame, 38, 8); }));              // UDP says less
    CHECK(refused([](Outgoing& o) { put(o.frame, 12, wire::kEtherTypeVlan); }));
    CHECK(refused([](Outgoing& o) { o = datagram(""); }));
    CHECK_FALSE(DatagramTrain::of(Bytes(good.frame).first(41), good.frame.size(), good.offload));
    Outgoing v6 = datagram_v6("three");
    v6.frame[20] = std::byte{0};  // hop-by-hop options
    CHECK_FALSE(v6.train());
}

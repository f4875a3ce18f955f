#pragma once

// Two TCP layers and an unkind network between them: segments are lost, repeated, delayed, overtaken and
// changed, as a function decides. Time jumps from event to event.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "net/ip/pseudo_header.h"
#include "net/tcp/layer.h"

namespace holm::net::tcp::test {

// What becomes of one packet.
struct Fate {
    bool lost = false;
    bool repeated = false;
    bool marked = false;   // CE, if the packet is ECT
    int flipped_bit = -1;  // of the segment; -1: none
    Duration delay = Duration::milliseconds(1);
};

// A packet on its way and, in the receiver's hands, a device buffer whose users are counted.
struct PacketBuffer final : BufferOwner {
    std::vector<std::byte> bytes;
    IpAddress source;
    IpAddress destination;
    std::uint16_t segment_size = 0;
    std::uint8_t traffic_class = 0;
    int users = 1;
    static inline int alive = 0;
    PacketBuffer() { ++alive; }
    PacketBuffer(const PacketBuffer& other)
        : bytes(other.bytes),
          source(other.source),
          destination(other.destination),
          segment_size(other.segment_size),
          traffic_class(other.traffic_class) {
        ++alive;
    }
    ~PacketBuffer() { --alive; }
    void retain() override { ++users; }
    void release() override {
        if (--users == 0) delete this;
    }
};

// What a stack sends, as it lies on the wire.
inline PacketBuffer* make_packet(const ip::Packet& packet) {
    auto* copy = new PacketBuffer;
    copy->source = packet.source;
    copy->destination = packet.destination;
    copy->segment_size = packet.segment_size;
    copy->traffic_class = packet.traffic_class;
    copy->bytes.assign(packet.header.begin(), packet.header.end());
    for (const Bytes piece : packet.payload)
        copy->bytes.insert(copy->bytes.end(), piece.begin(), piece.end());
    auto checksum = ip::pseudo_header(packet.source, packet.destination, packet.protocol, copy->bytes.size());
    const std::uint16_t value = checksum.add(copy->bytes).value();
    copy->bytes[packet.checksum_offset] = std::byte(value >> 8U);
    copy->bytes[packet.checksum_offset + 1] = std::byte(value);
    return copy;
}

class Network;

class Host final : public ip::IpOutput {
  public:
    Host(Network& network, const IpAddress& address, const Configuration& configuration, bool segmentation)
        : network_(network),
          address_(address),
          segmentation_(segmentation),
          layer(configuration, heap_memory(), *this) {}

    TransmitResult send(Instant now, const ip::Packet& packet) override;
    Result<ip::Route> route(const IpAddress&, const IpAddress&) const override {
        return ip::Route{.source = address_, .mtu = 1500, .checksum = false, .segmentation = segmentation_};
    }

  private:
    Network& network_;
    IpAddress address_;
    bool segmentation_;

  public:
    Layer layer;
};

class Network {
  public:
    using Judge = std::function<Fate(std::size_t segment_bytes)>;

    Network(const Configuration& configuration, bool segmentation, Judge judge)
        : judge_(std::move(judge)),
          a(*this, IpAddress::v4(10, 0, 0, 1), configuration, segmentation),
          b(*this, IpAddress::v4(10, 0, 0, 2), configuration, segmentation) {}
    ~Network() {
        for (auto& [at, packet] : under_way_) packet->release();
    }

    Instant now() const { return now_; }

    void carry(PacketBuffer* packet) {
        const Fate fate = judge_(packet->bytes.size());
        if (fate.flipped_bit >= 0) {
            const std::size_t bit = std::size_t(fate.flipped_bit) % (packet->bytes.size() * 8);
            packet->bytes[bit / 8] ^= std::byte(1U << (bit % 8));
        }
        if (fate.repeated) under_way_.emplace(now_ + fate.delay * 2, new PacketBuffer(*packet));
        if (fate.lost)
            packet->release();
        else
            under_way_.emplace(now_ + fate.delay, packet);
    }

    // Goes on to the next event; false when nothing will ever happen again, or not before `end`.
    bool step(Instant end) {
        a.layer.transmit(now_);
        b.layer.transmit(now_);
        Instant next = std::min(a.layer.next_deadline(), b.layer.next_deadline());
        if (!under_way_.empty()) next = std::min(next, under_way_.begin()->first);
        if (next.is_never() || next > end) return false;
        now_ = std::max(now_, next);
        while (!under_way_.empty() && under_way_.begin()->first <= now_) {
            PacketBuffer* packet = under_way_.begin()->second;
            under_way_.erase(under_way_.begin());
            Host& host = packet->destination == IpAddress::v4(10, 0, 0, 1) ? a : b;
            host.layer.receive(now_,
                               {.source = packet->source,
                                .destination = packet->destination,
                                .segment_size = packet->segment_size,
                                .owner = packet},
                               packet->bytes);
            packet->release();
        }
        return true;
    }

  private:
    Judge judge_;
    Instant now_ = Instant::from_nanoseconds(1'000'000'000);
    std::multimap<Instant, PacketBuffer*> under_way_;

  public:
    Host a;
    Host b;
};

inline TransmitResult Host::send(Instant, const ip::Packet& packet) {
    network_.carry(make_packet(packet));
    return TransmitResult::kSent;
}

}  // namespace holm::net::tcp::test

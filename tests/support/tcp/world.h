#pragma once

// Many stacks on two sides of one bottleneck (a dumbbell): every packet from left to right shares one link,
// every packet back another. Time jumps from event to event.

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "net/ip/pseudo_header.h"
#include "net/tcp/layer.h"
#include "tests/support/tcp/link.h"
#include "tests/support/tcp/network.h"

namespace holm::net::tcp::test {

class World;

class Stack final : public ip::IpOutput {
  public:
    Stack(World& world, const IpAddress& address, const Configuration& configuration, bool segmentation)
        : world_(world),
          address_(address),
          segmentation_(segmentation),
          layer(configuration, heap_memory(), *this) {}

    const IpAddress& address() const { return address_; }
    TransmitResult send(Instant now, const ip::Packet& packet) override;
    Result<ip::Route> route(const IpAddress&, const IpAddress&) const override {
        return ip::Route{.source = address_, .mtu = 1500, .checksum = false, .segmentation = segmentation_};
    }

  private:
    World& world_;
    IpAddress address_;
    bool segmentation_;

  public:
    Layer layer;
};

class World {
  public:
    // `pairs` stacks on each side.
    World(std::size_t pairs, const Configuration& configuration, bool segmentation, const LinkShape& forward,
          const LinkShape& back, std::uint32_t seed)
        : forward_(forward, seed), back_(back, seed + 1) {
        for (std::size_t i = 0; i < pairs; ++i) {
            const auto number = std::uint8_t(i + 1);
            left_.push_back(
                std::make_unique<Stack>(*this, IpAddress::v4(10, 0, 1, number), configuration, segmentation));
            right_.push_back(
                std::make_unique<Stack>(*this, IpAddress::v4(10, 0, 2, number), configuration, segmentation));
        }
    }
    ~World() {
        for (auto& [at, packet] : under_way_) packet->release();
    }

    Instant now() const { return now_; }
    std::size_t pairs() const { return left_.size(); }
    Stack& left(std::size_t i) { return *left_[i]; }
    Stack& right(std::size_t i) { return *right_[i]; }
    Link& forward() { return forward_; }

    template <typename Visit>
    void for_each(Visit visit) {
        for (auto& stack : left_) visit(*stack);
        for (auto& stack : right_) visit(*stack);
    }

    void carry(const Stack& from, PacketBuffer* packet) {
        const bool forward = from.address().bytes()[14] == 1;
        const Fate fate = (forward ? forward_ : back_).judge(now_, packet->bytes.size());
        if (fate.flipped_bit >= 0)
            packet->bytes[std::size_t(fate.flipped_bit) / 8] ^= std::byte(1U << (fate.flipped_bit % 8));
        if (fate.marked && (packet->traffic_class & 3U) != 0) packet->traffic_class |= 3U;
        if (fate.repeated) under_way_.emplace(now_ + fate.delay * 2, new PacketBuffer(*packet));
        if (fate.lost)
            packet->release();
        else
            under_way_.emplace(now_ + fate.delay, packet);
    }

    // Goes on to the next event; false when nothing will ever happen again, or not before `end`.
    bool step(Instant end) {
        Instant next = Instant::never();
        for_each([&](Stack& stack) {
            stack.layer.transmit(now_);
            next = std::min(next, stack.layer.next_deadline());
        });
        if (!under_way_.empty()) next = std::min(next, under_way_.begin()->first);
        if (next.is_never() || next > end) return false;
        now_ = std::max(now_, next);
        while (!under_way_.empty() && under_way_.begin()->first <= now_) {
            PacketBuffer* packet = under_way_.begin()->second;
            under_way_.erase(under_way_.begin());
            const auto& to = packet->destination.bytes();
            auto& side = to[14] == 1 ? left_ : right_;
            side[std::size_t(to[15]) - 1]->layer.receive(now_,
                                                         {.source = packet->source,
                                                          .destination = packet->destination,
                                                          .traffic_class = packet->traffic_class,
                                                          .segment_size = packet->segment_size,
                                                          .owner = packet},
                                                         packet->bytes);
            packet->release();
        }
        return true;
    }

  private:
    Link forward_;
    Link back_;
    Instant now_ = Instant::from_nanoseconds(1'000'000'000);
    std::multimap<Instant, PacketBuffer*> under_way_;
    std::vector<std::unique_ptr<Stack>> left_;
    std::vector<std::unique_ptr<Stack>> right_;
};

inline TransmitResult Stack::send(Instant, const ip::Packet& packet) {
    world_.carry(*this, make_packet(packet));
    return TransmitResult::kSent;
}

}  // namespace holm::net::tcp::test

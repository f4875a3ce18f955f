#pragma once

// Answers to our echo requests that nobody has looked at yet: the latest kCapacity of them.

#include <array>
#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "base/observer.h"
#include "net/address.h"

namespace holm::net::icmp {

struct EchoReply {
    IpAddress source;
    std::uint16_t sequence = 0;
    std::uint16_t payload_size = 0;
    Instant received;
};

class EchoReplies {
  public:
    static constexpr std::size_t kCapacity = 16;

    void push(const EchoReply& reply) {
        if (count_ == kCapacity) {
            first_ = (first_ + 1) % kCapacity;
            --count_;
        }
        ring_[(first_ + count_++) % kCapacity] = reply;
        if (observer_) observer_->notify();
    }
    std::optional<EchoReply> take() {
        if (count_ == 0) return std::nullopt;
        const EchoReply reply = ring_[first_];
        first_ = (first_ + 1) % kCapacity;
        --count_;
        return reply;
    }
    void set_observer(Observer* observer) { observer_ = observer; }

  private:
    Observer* observer_ = nullptr;
    std::array<EchoReply, kCapacity> ring_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace holm::net::icmp

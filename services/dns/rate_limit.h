#pragma once

// Response rate limiting: a spoofed source address must not turn the server into an amplifier. The same kind
// of answer goes to one network (IPv4 /24, IPv6 /56) so many times a second, and no more; every so often one
// of those too many is answered by a short truncated message, so that an honest client comes back by TCP.
// Networks that collide share an entry, which errs to the side of answering less. Bound: kEntries, 192 KiB.

#include <cstdint>
#include <memory>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"

namespace holm::dns {

class RateLimit {
  public:
    static constexpr std::size_t kEntries = 16'384;

    enum class Verdict : std::uint8_t { kAnswer, kTruncate, kDrop };

    // `rate` 0: no limit. `slip` 0: all that are too many are dropped.
    RateLimit(std::uint32_t rate, std::uint32_t slip, const SipHashKey& key)
        : rate_(rate), slip_(slip), key_(key) {}

    // `kind` tells answers apart: a number that is the same for those that are alike.
    Verdict judge(Instant now, const net::IpAddress& source, std::uint64_t kind);

  private:
    struct Entry {
        std::uint32_t tag = 0;
        std::uint32_t tokens = 0;    // in 1/256
        std::uint32_t refilled = 0;  // milliseconds
    };
    std::uint32_t rate_;
    std::uint32_t slip_;
    std::uint32_t refused_ = 0;
    SipHashKey key_;
    std::unique_ptr<Entry[]> entries_;  // when the first answer is judged
};

}  // namespace holm::dns

#include "services/dns/rate_limit.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace holm::dns {

namespace {

constexpr std::uint64_t kToken = 256;

// The network's address, as a number; keyed, so that nobody can choose networks that collide.
std::uint64_t network_of(const net::IpAddress& source) {
    std::uint64_t number;
    if (source.is_v4()) return source.to_v4() & 0xffffff00;
    std::memcpy(&number, source.bytes().data(), sizeof(number));
    return number & 0x00ff'ffff'ffff'ffff;  // little-endian: the first 56 bits
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

RateLimit::Verdict RateLimit::judge(Instant now, const net::IpAddress& source, std::uint64_t kind) {
    if (rate_ == 0) return Verdict::kAnswer;
    if (!entries_) {
        entries_.reset(new (std::nothrow) Entry[kEntries]);
        if (!entries_) return Verdict::kAnswer;
    }
    const std::uint64_t hash = mix(network_of(source) ^ key_.low, (kind ^ key_.high) | 1);
    Entry& entry = entries_[hash % kEntries];
    const auto tag = static_cast<std::uint32_t>(hash >> 32) | 1;
    const auto time = static_cast<std::uint32_t>(now.as_nanoseconds() / 1'000'000);
    // A second's worth can be saved up.
    const std::uint64_t full = rate_ * kToken;
    if (entry.tag != tag) {
        // Taken over from another network, but no more than that had left: else a flood from many would pass.
        if (entry.tag == 0 || time - entry.refilled >= 1000) entry.tokens = static_cast<std::uint32_t>(full);
        entry.tag = tag;
        if (entry.tokens == static_cast<std::uint32_t>(full)) entry.refilled = time;
    }
    const std::uint64_t elapsed = std::min<std::uint64_t>(time - entry.refilled, 1000);
    // At low rates a millisecond is worth less than the unit: the time goes on counting until it is.
    if (const std::uint64_t earned = elapsed * full / 1000; earned != 0) {
        entry.tokens = static_cast<std::uint32_t>(std::min(full, entry.tokens + earned));
        entry.refilled = time;
    }
    if (entry.tokens >= kToken) {
        entry.tokens -= kToken;
        return Verdict::kAnswer;
    }
    ++refused_;
    return slip_ != 0 && refused_ % slip_ == 0 ? Verdict::kTruncate : Verdict::kDrop;
}

}  // namespace holm::dns

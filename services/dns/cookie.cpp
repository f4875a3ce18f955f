#include "services/dns/cookie.h"

#include <algorithm>
#include <cstring>

#include "base/network_order.h"

namespace holm::dns {

namespace {

constexpr std::size_t kHashed = 16;                    // client cookie, version, reserved, time
constexpr std::int32_t kOldest = 3600, kNewest = 300;  // seconds; RFC 9018, section 4.3

}  // namespace

std::uint64_t CookieMaker::hash(Bytes first_sixteen, const net::IpAddress& address) const {
    std::array<std::byte, kHashed + 16> input;
    std::memcpy(input.data(), first_sixteen.data(), kHashed);
    const auto& bytes = address.bytes();
    const std::size_t skipped = address.is_v4() ? 12 : 0;
    std::memcpy(input.data() + kHashed, bytes.data() + skipped, bytes.size() - skipped);
    return siphash(secret_, Bytes(input).first(kHashed + bytes.size() - skipped));
}

std::array<std::byte, CookieMaker::kSize> CookieMaker::make(Bytes client, const net::IpAddress& address,
                                                            std::uint32_t now) const {
    std::array<std::byte, kSize> cookie{};
    std::memcpy(cookie.data(), client.data(), kClientSize);
    cookie[8] = std::byte{1};  // version
    const NetU32 time(now);
    std::memcpy(cookie.data() + 12, &time, sizeof(time));
    const std::uint64_t digest = hash(Bytes(cookie).first(kHashed), address);
    std::memcpy(cookie.data() + kHashed, &digest, sizeof(digest));  // little-endian, as SipHash gives it
    return cookie;
}

bool CookieMaker::is_good(Bytes cookie, const net::IpAddress& address, std::uint32_t now) const {
    if (cookie.size() != kSize || cookie[8] != std::byte{1}) return false;
    NetU32 time;
    std::memcpy(&time, cookie.data() + 12, sizeof(time));
    const auto age = static_cast<std::int32_t>(now - time);
    if (age > kOldest || age < -kNewest) return false;
    std::uint64_t digest;
    std::memcpy(&digest, cookie.data() + kHashed, sizeof(digest));
    return digest == hash(cookie, address);
}

}  // namespace holm::dns

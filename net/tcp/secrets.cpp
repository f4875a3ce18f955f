#include "net/tcp/secrets.h"

#include <cstring>

namespace holm::net::tcp {
namespace {

// Separate the uses of one key.
enum Salt : std::uint64_t { kSequenceSalt = 1, kTimestampSalt = 2, kPortSalt = 3, kCookieSalt = 4 };

constexpr std::uint16_t kCookieMss[8] = {216, 536, 1024, 1220, 1360, 1440, 1460, 8960};

constexpr std::uint64_t kCookieEpochNanoseconds = std::uint64_t{1} << 36U;  // 69 s
constexpr std::uint32_t kCookieEpochs = 2;                                  // this one and the one before

SipHashKey key_from(const std::byte* bytes) {
    SipHashKey key;
    std::memcpy(&key.low, bytes, 8);
    std::memcpy(&key.high, bytes + 8, 8);
    return key;
}

std::uint64_t cookie_epoch(Instant now) {
    return std::uint64_t(now.as_nanoseconds()) / kCookieEpochNanoseconds;
}

}  // namespace

Secrets::Secrets(const std::array<std::byte, 32>& secret)
    : table_key_(key_from(secret.data())), key_(key_from(secret.data() + 16)) {}

Seq Secrets::initial_sequence(const FourTuple& tuple, Instant now) const {
    const auto clock = std::uint32_t(now.as_nanoseconds() / 4000);
    return Seq(std::uint32_t(keyed_hash(key_, tuple, kSequenceSalt)) + clock);
}

std::uint32_t Secrets::timestamp_offset(const FourTuple& tuple) const {
    return std::uint32_t(keyed_hash(key_, tuple, kTimestampSalt));
}

std::uint32_t Secrets::port_offset(const IpAddress& local, const Endpoint& remote) const {
    return std::uint32_t(keyed_hash(key_, {{local, 0}, remote}, kPortSalt));
}

std::uint32_t Secrets::cookie_hash(const FourTuple& tuple, Seq peer_initial, std::uint64_t epoch,
                                   std::uint32_t mss) const {
    const std::uint64_t salt = kCookieSalt | std::uint64_t{mss} << 8U | epoch << 16U;
    const std::uint64_t inner = keyed_hash(key_, tuple, salt);
    // The peer's sequence number makes each of its attempts another cookie.
    const std::uint64_t message[] = {inner, peer_initial.value()};
    return std::uint32_t(siphash(key_, std::as_bytes(std::span(message)))) & 0xff'ffffU;
}

Seq Secrets::cookie(const FourTuple& tuple, Seq peer_initial, std::uint16_t peer_mss, Instant now) const {
    std::uint32_t index = 7;
    while (index > 0 && kCookieMss[index] > peer_mss) --index;
    const std::uint64_t epoch = cookie_epoch(now);
    return Seq(std::uint32_t(epoch & 31U) << 27U | index << 24U |
               cookie_hash(tuple, peer_initial, epoch, index));
}

std::optional<std::uint16_t> Secrets::check_cookie(const FourTuple& tuple, Seq peer_initial, Seq cookie,
                                                   Instant now) const {
    const std::uint32_t index = cookie.value() >> 24U & 7U;
    for (std::uint32_t age = 0; age < kCookieEpochs; ++age) {
        const std::uint64_t epoch = cookie_epoch(now) - age;
        if ((epoch & 31U) != cookie.value() >> 27U) continue;
        if (cookie_hash(tuple, peer_initial, epoch, index) == (cookie.value() & 0xff'ffffU))
            return kCookieMss[index];
    }
    return std::nullopt;
}

std::uint32_t encode_cookie_options(std::uint32_t timestamp, const Options& syn, bool ecn) {
    const std::uint32_t scale = syn.has_window_scale ? syn.window_scale : 15U;
    const std::uint32_t bits = scale | (syn.sack_permitted ? 16U : 0U) | (ecn ? 32U : 0U);
    const std::uint32_t mask = (1U << kCookieOptionBits) - 1;
    const std::uint32_t encoded = (timestamp & ~mask) | bits;
    // Never in the future: the connection's later timestamps must not be older.
    return encoded > timestamp ? encoded - (mask + 1) : encoded;
}

bool decode_cookie_options(std::uint32_t timestamp, Options& options) {
    const std::uint32_t scale = timestamp & 15U;
    options.has_window_scale = scale != 15;
    options.window_scale = std::uint8_t(options.has_window_scale ? scale : 0);
    options.sack_permitted = (timestamp & 16U) != 0;
    return (timestamp & 32U) != 0;
}

}  // namespace holm::net::tcp

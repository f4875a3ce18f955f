#include "net/tcp/options.h"

#include <cstring>

#include "base/network_order.h"

namespace holm::net::tcp {
namespace {

enum Kind : std::uint8_t {
    kEnd = 0,
    kNop = 1,
    kMss = 2,
    kWindowScale = 3,
    kSackPermitted = 4,
    kSack = 5,
    kTimestamp = 8,
    kUserTimeout = 28
};

template <typename T>
T read(const std::byte* at) {
    NetworkOrder<T> value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <typename T>
std::byte* write(std::byte* at, T value) {
    const NetworkOrder<T> order = value;
    std::memcpy(at, &order, sizeof order);
    return at + sizeof order;
}

// NOP NOP timestamp(10): the layout which RFC 7323 recommends and nearly every segment has.
constexpr std::uint32_t kTimestampLayout = 0x0101080a;

void read_timestamp(const std::byte* value, Options& options) {
    options.has_timestamp = true;
    options.timestamp_value = read<std::uint32_t>(value);
    options.timestamp_echo = read<std::uint32_t>(value + 4);
}

void read_sack(Bytes value, Options& options) {
    for (; value.size() >= 8 && options.sack_count < kMaxSackBlocks; value = value.subspan(8))
        options.sack[options.sack_count++] = {Seq(read<std::uint32_t>(value.data())),
                                              Seq(read<std::uint32_t>(value.data() + 4))};
}

// An option of a known kind and a wrong length is ignored, as if its kind were unknown.
void read_option(std::uint8_t kind, Bytes value, Options& options) {
    switch (kind) {
        case kMss:
            if (value.size() == 2) options.mss = read<std::uint16_t>(value.data());
            break;
        case kWindowScale:
            if (value.size() != 1) break;
            options.has_window_scale = true;
            // RFC 7323, section 2.3: a larger shift is used as 14.
            options.window_scale = std::min(std::to_integer<std::uint8_t>(value[0]), kMaxWindowScale);
            break;
        case kSackPermitted:
            if (value.empty()) options.sack_permitted = true;
            break;
        case kSack:
            if (value.size() % 8 == 0) read_sack(value, options);
            break;
        case kTimestamp:
            if (value.size() == 8) read_timestamp(value.data(), options);
            break;
        case kUserTimeout:
            if (value.size() != 2) break;
            options.has_user_timeout = true;
            options.user_timeout = read<std::uint16_t>(value.data());
            break;
        default:
            break;
    }
}

}  // namespace

bool parse_options(Bytes bytes, Options& options) {
    if (bytes.size() == kTimestampBytes && read<std::uint32_t>(bytes.data()) == kTimestampLayout) {
        read_timestamp(bytes.data() + 4, options);
        return true;
    }
    while (!bytes.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(bytes[0]);
        if (kind == kEnd) return true;
        if (kind == kNop) {
            bytes = bytes.subspan(1);
            continue;
        }
        if (bytes.size() < 2) return false;
        const auto length = std::to_integer<std::size_t>(bytes[1]);
        if (length < 2 || length > bytes.size()) return false;
        read_option(kind, bytes.subspan(2, length - 2), options);
        bytes = bytes.subspan(length);
    }
    return true;
}

std::size_t emit_options(const Options& options, std::span<std::byte, 40> out) {
    std::byte* at = out.data();
    if (options.mss != 0) {
        at = write<std::uint16_t>(at, kMss << 8U | 4U);
        at = write<std::uint16_t>(at, options.mss);
    }
    if (options.has_timestamp) {
        // "SACK permitted" takes the place of the two NOPs, as it does on most systems' SYNs.
        at = write<std::uint32_t>(at, options.sack_permitted ? 0x0402080aU : kTimestampLayout);
        at = write<std::uint32_t>(at, options.timestamp_value);
        at = write<std::uint32_t>(at, options.timestamp_echo);
    } else if (options.sack_permitted) {
        at = write<std::uint32_t>(at, 0x01010402U);
    }
    if (options.has_window_scale) at = write<std::uint32_t>(at, 0x01030300U | options.window_scale);
    if (options.has_user_timeout) {
        at = write<std::uint16_t>(at, kUserTimeout << 8U | 4U);
        at = write<std::uint16_t>(at, options.user_timeout);
    }
    if (options.sack_count > 0) {
        const auto room = std::size_t(out.data() + out.size() - at);
        const std::size_t count = room < 12 ? 0 : std::min<std::size_t>(options.sack_count, (room - 4) / 8);
        if (count > 0) at = write<std::uint32_t>(at, 0x01010500U | std::uint32_t(2 + 8 * count));
        for (std::size_t i = 0; i < count; ++i) {
            at = write<std::uint32_t>(at, options.sack[i].begin.value());
            at = write<std::uint32_t>(at, options.sack[i].end.value());
        }
    }
    return std::size_t(at - out.data());
}

}  // namespace holm::net::tcp

#include "net/wire/icmpv4.h"

#include "base/checksum.h"
#include "base/network_order.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

struct Layout {
    std::uint8_t type;
    std::uint8_t code;
    NetU16 checksum;
    NetU16 first;
    NetU16 second;
};
static_assert(sizeof(Layout) == Icmpv4Header::kSize);

}  // namespace

Parsed<Icmpv4Header> Icmpv4Header::parse(Bytes message, bool verify) {
    if (message.size() < kSize) return std::unexpected(Drop::kTruncated);
    if (verify && !InternetChecksum().add(message).is_correct()) return std::unexpected(Drop::kBadChecksum);
    const auto raw = load<Layout>(message);
    return Icmpv4Header{Icmpv4Type(raw.type), raw.code, raw.first, raw.second};
}

void Icmpv4Header::emit(MutableBytes bytes) const {
    store(bytes, Layout{std::uint8_t(type), code, 0, first, second});
}

}  // namespace holm::net::wire

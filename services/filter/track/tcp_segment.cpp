// What a tracker needs to know of a segment.

#include <algorithm>

#include "services/filter/track/tcp_sequence.h"
#include "services/filter/track/tcp_state.h"

namespace holm::filter {

namespace {

// Which combinations of FIN, SYN, RST, ACK and URG are ever sent; the others of the eight flags do not
// matter.
bool plausible(std::uint8_t flags) {
    switch (flags & 0x37) {
        case 0x02:         // SYN
        case 0x02 | 0x20:  // with URG
        case 0x02 | 0x10:
        case 0x04:
        case 0x04 | 0x10:
        case 0x01 | 0x10:
        case 0x01 | 0x10 | 0x20:
        case 0x10:
        case 0x10 | 0x20:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::optional<TcpSegment> TcpSegment::parse(const packet::Packet& packet) {
    const Bytes bytes = packet.transport();
    if (!packet.has_transport() || bytes.size() < 20) return std::nullopt;
    const auto u8 = [&](std::size_t at) { return std::uint32_t(bytes[at]); };
    const auto u32 = [&](std::size_t at) {
        return u8(at) << 24 | u8(at + 1) << 16 | u8(at + 2) << 8 | u8(at + 3);
    };
    const std::size_t header = std::size_t(bytes[12]) >> 4U << 2U;
    if (header < 20 || header > bytes.size()) return std::nullopt;
    TcpSegment segment;
    segment.sequence = u32(4);
    segment.acknowledgment = segment.sack = u32(8);
    segment.flags = std::uint8_t(bytes[13]);
    segment.window = std::uint16_t(u8(14) << 8 | u8(15));
    if (!plausible(segment.flags)) return std::nullopt;
    segment.end = segment.sequence + std::uint32_t(bytes.size() - header) + (segment.syn() ? 1 : 0) +
                  (segment.fin() ? 1 : 0);
    segment.has_options = header > 20;
    for (std::size_t at = 20; at < header;) {
        const std::uint32_t kind = u8(at);
        if (kind == 0) break;
        if (kind == 1) {
            ++at;
            continue;
        }
        if (at + 1 >= header) break;
        const std::size_t size = u8(at + 1);
        if (size < 2 || at + size > header) break;
        if (kind == 3 && size == 3) {  // window scale (RFC 7323)
            segment.has_scale = true;
            segment.scale = std::uint8_t(std::min<std::uint32_t>(u8(at + 2), 14));
        } else if (kind == 4 && size == 2) {
            segment.sack_permitted = true;
        } else if (kind == 5 && size >= 10 && (size - 2) % 8 == 0) {
            for (std::size_t block = at + 2; block < at + size; block += 8)
                if (after(u32(block + 4), segment.sack)) segment.sack = u32(block + 4);
        }
        at += size;
    }
    return segment;
}

}  // namespace holm::filter

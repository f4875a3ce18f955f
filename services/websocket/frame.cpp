#include "services/websocket/frame.h"

#include <cstring>

#include "base/network_order.h"

namespace holm::websocket {

std::expected<std::optional<FrameHead>, Violation> parse_frame(Bytes input, Sender sender) {
    const auto fail = [](const char* what) {
        return std::unexpected(Violation{CloseCode::kProtocolError, what});
    };
    if (input.size() < 2) return std::nullopt;
    const auto first = std::to_integer<std::uint8_t>(input[0]),
               second = std::to_integer<std::uint8_t>(input[1]);
    FrameHead head;
    head.final = (first & 0x80) != 0;
    head.opcode = static_cast<Opcode>(first & 0xf);
    head.length = second & 0x7f;
    if ((first & 0x70) != 0) return fail("a reserved bit is set");
    if ((first & 0x7) > 2) return fail("the opcode is reserved");
    const bool masked = (second & 0x80) != 0;
    if (sender == Sender::kClient && !masked) return fail("a client's frame is not masked");
    if (sender == Sender::kServer && masked) return fail("a server's frame is masked");
    if (is_control(head.opcode) && !head.final) return fail("a control frame is fragmented");
    if (is_control(head.opcode) && head.length > kMostControl) return fail("a control frame is too long");

    std::size_t at = 2;
    if (head.length == 126) {
        if (input.size() < 4) return std::nullopt;
        NetU16 length;
        std::memcpy(&length, input.data() + 2, 2);
        head.length = std::uint16_t(length);
        at = 4;
        if (head.length < 126) return fail("the length is not in its shortest form");
    } else if (head.length == 127) {
        if (input.size() < 10) return std::nullopt;
        NetU64 length;
        std::memcpy(&length, input.data() + 2, 8);
        head.length = std::uint64_t(length);
        at = 10;
        if (head.length < 65'536) return fail("the length is not in its shortest form");
        if (head.length >> 63 != 0) return fail("the length has its highest bit set");
    }
    head.size = at + (masked ? head.mask.size() : 0);
    if (input.size() < head.size) return std::nullopt;
    if (masked) std::memcpy(head.mask.data(), input.data() + at, head.mask.size());
    return head;
}

std::size_t write_head(MutableBytes out, Opcode opcode, std::uint64_t length, bool final) {
    out[0] = std::byte((final ? 0x80 : 0) | static_cast<unsigned>(opcode));
    if (length < 126) {
        out[1] = std::byte(length);
        return 2;
    }
    if (length < 65'536) {
        out[1] = std::byte(126);
        const NetU16 value(static_cast<std::uint16_t>(length));
        std::memcpy(out.data() + 2, &value, 2);
        return 4;
    }
    out[1] = std::byte(127);
    const NetU64 value(length);
    std::memcpy(out.data() + 2, &value, 8);
    return 10;
}

std::size_t write_head(MutableBytes out, Opcode opcode, std::uint64_t length, const Mask& mask) {
    const std::size_t size = write_head(out, opcode, length);
    out[1] |= std::byte{0x80};
    std::memcpy(out.data() + size, mask.data(), mask.size());
    return size + mask.size();
}

void apply_mask(MutableBytes bytes, const Mask& mask, std::uint64_t offset) {
    std::array<std::byte, 8> turned;
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(offset + i) % 4];
    std::uint64_t word;
    std::memcpy(&word, turned.data(), 8);
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t part;
        std::memcpy(&part, bytes.data() + at, 8);
        part ^= word;
        std::memcpy(bytes.data() + at, &part, 8);
    }
    for (; at < bytes.size(); ++at) bytes[at] ^= turned[at % 8];
}

}  // namespace holm::websocket

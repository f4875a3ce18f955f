#pragma once

// Frames as a client sends them, written by hand.

#include <string>
#include <string_view>

namespace holm::websocket::testing {

// `first`: FIN, reserved bits and opcode.
inline std::string client_frame(unsigned first, std::string_view payload, bool masked = true) {
    std::string frame(1, char(first));
    const unsigned mask_bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        frame += char(mask_bit | payload.size());
    } else if (payload.size() < 65'536) {
        frame += char(mask_bit | 126);
        frame += char(payload.size() >> 8);
        frame += char(payload.size());
    } else {
        frame += char(mask_bit | 127);
        for (int shift = 56; shift >= 0; shift -= 8) frame += char(std::uint64_t(payload.size()) >> shift);
    }
    const std::string_view mask = "\x37\xfa\x21\x3d";
    if (masked) frame += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) frame += char(payload[i] ^ (masked ? mask[i % 4] : 0));
    return frame;
}

inline std::string close_frame(unsigned code, std::string_view reason = {}) {
    return client_frame(0x88, std::string{char(code >> 8), char(code)} + std::string(reason));
}

}  // namespace holm::websocket::testing

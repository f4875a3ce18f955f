#pragma once

// What one request may cost. Every dimension that a client chooses has a bound, and each bound has its status
// code.

#include <cstddef>
#include <cstdint>

namespace holm::http {

struct Limits {
    std::uint16_t request_line = 4096;      // bytes without CRLF; beyond: 414
    std::uint16_t field_line = 8192;        // bytes of one header line without CRLF; beyond: 431
    std::uint16_t head = 16384;             // bytes of request line and header section; beyond: 431
    std::uint16_t fields = 64;              // header lines, at most RequestHead::kMaxFields; beyond: 431
    std::size_t body = 1 << 20;             // bytes of decoded content; beyond: 413
    std::uint16_t chunk_extensions = 1024;  // bytes of all chunk extensions of a body together; beyond: 400
    std::uint16_t trailers = 4096;          // bytes of the trailer section; beyond: 431
};

}  // namespace holm::http

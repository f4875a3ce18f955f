#pragma once

// What the parser knows of a request once its head is complete. Text is kept as offsets into the head's
// bytes, so that the head may lie in a receive buffer or be moved into one of the connection's own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holm::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kTrace };
inline constexpr std::size_t kMethodCount = 8;

std::string_view method_name(Method method);

enum class Framing : std::uint8_t { kNone, kLength, kChunked };

// A part of the head. Heads are shorter than 64 KiB (Limits::head is 16 bits wide).
struct Slice {
    std::uint16_t offset = 0;
    std::uint16_t length = 0;
};

struct Field {
    Slice name;
    Slice value;  // without the white space around it
};

struct RequestHead {
    static constexpr std::size_t kMaxFields = 64;

    Method method = Method::kGet;
    bool version_1_1 = false;  // else HTTP/1.0
    bool keep_alive = false;   // what the client asked for, by version and Connection (RFC 9112 §9.3)
    bool expects_continue = false;
    Framing framing = Framing::kNone;
    bool asterisk = false;             // OPTIONS *
    bool path_needs_decoding = false;  // the path holds "%" or a segment that begins with "."
    std::uint16_t length = 0;          // bytes of the head, with the empty line
    std::uint16_t field_count = 0;
    Slice target;                      // as received
    Slice path;                        // raw, begins with "/"; empty with `asterisk`
    Slice query;                       // raw, without "?"
    Slice host;                        // from the absolute form if there was one, else from Host
    std::uint64_t content_length = 0;  // with Framing::kLength
    std::array<Field, kMaxFields> fields;

    std::string_view text(const char* head, Slice slice) const { return {head + slice.offset, slice.length}; }
};

}  // namespace holm::http

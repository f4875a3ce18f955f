#pragma once

// The request line and header section (RFC 9112 §2-§3, §5-§6), strictly: what two implementations could read
// differently is refused. Incremental: each byte is looked at once, however the bytes arrive, and the outcome
// does not depend on how they were cut.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/http/limits.h"
#include "services/http/request_head.h"
#include "services/http/status.h"

namespace holm::http {

class HeadParser {
  public:
    void reset() { *this = HeadParser(); }

    // `input` is everything received since the head's first byte: it begins with what the previous call saw.
    // Returns the head's length when it is complete, 0 while more bytes are needed. After a refusal only
    // reset() may follow.
    Result<std::size_t, Refusal> parse(const Limits& limits, std::string_view input, RequestHead& head);

  private:
    Result<void, Refusal> parse_request_line(std::string_view line, std::size_t begin, RequestHead& head);
    Result<void, Refusal> parse_target(std::string_view line, std::size_t begin, std::size_t end,
                                       RequestHead& head);
    Result<void, Refusal> parse_field(const Limits& limits, std::string_view line, std::size_t begin,
                                      RequestHead& head);
    Result<void, Refusal> note_field(std::string_view name, std::string_view value, Slice slice,
                                     RequestHead& head);
    Result<void, Refusal> finish(const Limits& limits, RequestHead& head) const;

    std::uint16_t line_start_ = 0;
    std::uint16_t scanned_ = 0;  // no line ends before this offset
    bool have_request_line_ = false;
    bool skipped_empty_line_ = false;
    bool absolute_form_ = false;
    bool have_host_ = false;
    bool have_length_ = false;
    bool have_encoding_ = false;
    bool close_ = false;
    bool keep_alive_ = false;
};

}  // namespace holm::http

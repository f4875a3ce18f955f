#pragma once

// Lines about requests in the Common or the Combined Log Format, as web servers have written them since
// NCSA's httpd, gathered and handed over many at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/function.h"
#include "services/http/request.h"
#include "services/http/response.h"
#include "services/http/status.h"

namespace holm::http {

struct LogEntry {
    std::string_view client;           // its address, at most 64 bytes
    const Request* request = nullptr;  // null: it could not be read
    Status status = Status::kOk;
    std::size_t length = 0;  // bytes of content; 0: none, or a stream
    bool is_stream = false;
    std::int64_t unix_seconds = 0;

    // The answer to a request, once conditions and ranges are taken into account.
    static LogEntry of(std::string_view client, const Request& request, const Response& response,
                       std::int64_t unix_seconds);
};

class AccessLog {
  public:
    enum class Format : std::uint8_t {
        kCommon,    // client - - [time] "request line" status bytes
        kCombined,  // and "referrer" "user agent"
    };
    // Takes whole lines, at most kCapacity bytes of them.
    using Sink = Function<void(std::string_view lines)>;
    static constexpr std::size_t kCapacity = 8192;

    AccessLog(Format format, Sink sink) : format_(format), sink_(std::move(sink)) {}

    // What clients choose is escaped as \xHH where it is a quote, a backslash or no printable ASCII
    // character, and cut after kLongest bytes.
    void record(const LogEntry& entry);
    // A line without its bytes of content, for when they are known.
    struct Line {
        std::string text;
        std::size_t bytes_at = 0;
    };
    // Throws when there is no memory, where exceptions are on.
    Line prepare(const LogEntry& entry);
    void record(const Line& line, std::uint64_t bytes);
    // Hands over what was gathered.
    void flush();

  private:
    static constexpr std::size_t kLongest = 2048;
    static constexpr std::size_t kShortParts = 160;  // time, method, version, numbers, quotes
    static_assert(3 * kLongest + kShortParts + 64 <= kCapacity);
    static constexpr std::size_t kTimeLength = 28;  // "[21/Nov/2026:17:03:53 +0000]"

    // Where the bytes of content stand, or are to stand.
    std::size_t put_line(const LogEntry& entry, bool with_bytes);
    void put_bytes(std::uint64_t bytes);
    void put(std::string_view text);
    void put_number(std::uint64_t number);
    // At most `room` bytes; how many.
    std::size_t put_escaped(std::string_view text, std::size_t room);
    void put_quoted(std::string_view text);
    void put_time(std::int64_t unix_seconds);

    Format format_;
    Sink sink_;
    std::int64_t second_ = -1;  // that time_ shows
    std::array<char, kTimeLength> time_;
    std::size_t size_ = 0;
    std::size_t start_ = 0;  // of the last line
    std::array<char, kCapacity> lines_;
};

}  // namespace holm::http

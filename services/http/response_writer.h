#pragma once

// From a request and a handler's response to what goes on the wire: preconditions, ranges, framing, and the
// head's bytes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "services/http/date.h"
#include "services/http/request.h"
#include "services/http/response.h"

namespace holm::http {

class ResponseWriter {
  public:
    enum class Transfer : std::uint8_t { kLength, kChunked, kUntilClose };

    // Decides everything. `request` is null when the request could not be read. `keep_alive`: the connection
    // could go on.
    ResponseWriter(const Request* request, const Response& response, bool keep_alive,
                   std::int64_t unix_seconds);

    Status status() const { return status_; }
    bool keep_alive() const { return keep_alive_; }  // the connection does go on
    Transfer transfer() const { return transfer_; }
    bool sends_content() const { return sends_content_; }  // false for HEAD, 204, 304...
    // The part of response.content() that is sent.
    std::size_t first() const { return first_; }
    std::size_t length() const { return length_; }

    // An upper bound of what write_head() writes.
    std::size_t head_size() const;
    // Writes status line and headers with the empty line behind them; the end of what was written.
    char* write_head(char* out, DateCache& dates) const;

  private:
    void apply_validators(const Request& request);

    const Response& response_;
    std::int64_t unix_seconds_;
    Status status_;
    Transfer transfer_ = Transfer::kLength;
    bool keep_alive_;
    bool announce_keep_alive_ = false;  // HTTP/1.0 clients need to be told
    bool sends_content_ = true;
    bool names_content_ = true;  // Content-Type and Content-Length belong into the head
    bool accepts_ranges_ = false;
    std::size_t first_ = 0;
    std::size_t length_ = 0;
};

}  // namespace holm::http

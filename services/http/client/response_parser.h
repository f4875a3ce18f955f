#pragma once

// A server's response as a client reads it (RFC 9112 §4-§7), incrementally and strictly: what two programs
// could read differently is refused, so that a connection is never used again where one does not know what
// its next bytes are.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/http/byte_buffer.h"
#include "services/http/chunked_decoder.h"
#include "services/http/request_head.h"
#include "services/http/status.h"

namespace holm::http {

// Status and headers of a response.
class ResponseHead {
  public:
    Status status() const { return static_cast<Status>(status_); }
    int status_code() const { return status_; }
    bool version_1_1() const { return version_1_1_; }

    // The first header of that name, in any case, without the white space around it. header() returns "" for
    // none.
    std::optional<std::string_view> find_header(std::string_view name) const;
    std::string_view header(std::string_view name) const { return find_header(name).value_or(""); }
    std::size_t header_count() const { return fields_.size(); }
    std::string_view header_name(std::size_t i) const { return text(fields_[i].name); }
    std::string_view header_value(std::size_t i) const { return text(fields_[i].value); }

  private:
    friend class ResponseParser;
    std::string_view text(Slice slice) const { return bytes_.text().substr(slice.offset, slice.length); }

    ByteBuffer bytes_;  // status line and headers
    std::vector<Field> fields_;
    std::uint16_t status_ = 0;
    bool version_1_1_ = false;
};

struct ResponseLimits {
    std::uint16_t head = 32'768;  // bytes of status line and headers
    std::uint16_t fields = 128;   // headers
    // Bytes of decoded content that are kept in memory.
    std::size_t body = 4 << 20;
};

class ResponseParser {
  public:
    // `to_head`: the request was HEAD, so that no content follows whatever the headers say.
    ResponseParser(const ResponseLimits& limits, bool to_head);

    // The request asks for another protocol: 101 is then the response's end, and what follows it is the
    // other protocol's.
    void expect_upgrade() { expects_upgrade_ = true; }

    struct Step {
        std::size_t consumed = 0;
        std::string_view data;  // decoded content within those bytes
    };
    // One step: call again while it consumes something and complete() is false. Errors: kProtocol for what is
    // no response, kTooLarge for a head beyond its limit, kOutOfMemory.
    Result<Step> receive(std::string_view input);
    // The server closed its side. Errors: kConnectionReset if that is in the middle of the response.
    Result<> end_of_input();

    bool head_complete() const { return state_ != State::kHead; }
    bool complete() const { return state_ == State::kComplete; }
    // Whether another request may follow on the connection, once complete.
    bool keeps_alive() const { return keep_alive_; }
    // How much content there will be, where the head says so.
    std::optional<std::uint64_t> content_length() const { return length_; }

    // Precondition: head_complete(). May be taken out once.
    ResponseHead& head() { return head_; }

  private:
    enum class State : std::uint8_t { kHead, kLength, kChunked, kUntilEnd, kComplete };

    Result<Step> receive_head(std::string_view input);
    Result<> parse_head();
    Result<> parse_status_line(std::string_view line);
    Result<> parse_field(std::size_t begin, std::string_view line);
    Result<> note_framing(std::string_view name, std::string_view value);
    void begin_content();

    ResponseLimits limits_;
    bool to_head_;
    bool expects_upgrade_ = false;
    State state_ = State::kHead;
    bool keep_alive_ = false;
    bool close_ = false, asks_keep_alive_ = false;
    bool has_encoding_ = false, chunked_ = false;
    std::uint8_t interim_ = 0;  // responses 1xx before this one
    std::optional<std::uint64_t> length_;
    std::uint64_t left_ = 0;
    ChunkedDecoder decoder_;
    ResponseHead head_;
};

}  // namespace holm::http

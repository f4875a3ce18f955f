#pragma once

// A response as a handler makes it: status, headers, and content that is owned, referenced or produced piece
// by piece.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/function.h"
#include "services/http/status.h"

namespace holm::http {

class Response {
  public:
    // Fills the front of the buffer (at least 1 KiB) and returns how many bytes it wrote; 0 ends the content.
    using Producer = Function<std::size_t(MutableBytes buffer)>;

    explicit Response(Status status = Status::kOk) : status_(status) {}

    static Response text(std::string content, Status status = Status::kOk);
    static Response html(std::string content, Status status = Status::kOk);
    static Response json(std::string content, Status status = Status::kOk);
    // One line of text that says what is wrong.
    static Response error(Status status, std::string_view what);
    // Content that outlives every response: literals, files of the embedded tree. It is sent from where it
    // lies.
    static Response reference(Bytes content, std::string_view content_type);
    // Content of unknown length, sent in chunks (to a client of HTTP/1.0: until the connection closes).
    static Response stream(std::string_view content_type, Producer producer);
    // The head alone: after it the connection belongs to whoever took it over (Server::take_over()), until it
    // ends.
    static Response open(std::string_view content_type);
    // 303 after a form, 302, 307, 308...
    static Response redirect(std::string_view location, Status status = Status::kFound);

    // Adds a header. What must not appear in one (CR, LF, NUL) becomes a space: values may come from clients.
    template <typename Self>
    Self&& header(this Self&& self, std::string_view name, std::string_view value) {
        self.add_header(name, value);
        return std::forward<Self>(self);
    }
    // The content's media type; the text must outlive the response (a literal). Others go through header().
    template <typename Self>
    Self&& content_type(this Self&& self, std::string_view literal) {
        self.content_type_ = literal;
        return std::forward<Self>(self);
    }
    // With validators the session answers conditional and range requests itself. `tag` is given without
    // quotes.
    template <typename Self>
    Self&& etag(this Self&& self, std::string_view tag) {
        self.set_etag(tag);
        return std::forward<Self>(self);
    }
    template <typename Self>
    Self&& last_modified(this Self&& self, std::int64_t unix_seconds) {
        self.last_modified_ = unix_seconds;
        return std::forward<Self>(self);
    }
    // The connection ends after this response.
    template <typename Self>
    Self&& close(this Self&& self) {
        self.close_ = true;
        return std::forward<Self>(self);
    }

    Status status() const { return status_; }
    std::string_view content_type() const { return content_type_; }
    std::string_view etag() const { return etag_; }
    // The added headers as they go on the wire: "Name: value\r\n"...
    std::string_view headers() const { return headers_; }
    // The connection is no longer one of HTTP's requests once this was sent.
    bool takes_over() const { return open_ || status_ == Status::kSwitchingProtocols; }
    bool is_stream() const { return std::holds_alternative<Producer>(content_); }
    // The content unless it is a stream.
    Bytes content() const;

  private:
    friend class Session;
    friend class ResponseWriter;
    friend class SeveralRanges;
    friend Response answer_refusal(const Refusal& refusal);

    void add_header(std::string_view name, std::string_view value);
    void set_etag(std::string_view tag);

    Status status_;
    bool close_ = false;
    bool open_ = false;
    std::string_view content_type_;
    std::string headers_;
    std::string etag_;  // with its quotes
    std::optional<std::int64_t> last_modified_;
    std::variant<Bytes, std::string, Producer> content_;
};

// The answer to a request that is not served. Allocates nothing: memory may be what is missing.
Response answer_refusal(const Refusal& refusal);
inline constexpr Refusal kNoMemory = {Status::kServiceUnavailable, "no memory for this request"};
inline Response answer_no_memory() {
    return answer_refusal(kNoMemory);
}

}  // namespace holm::http

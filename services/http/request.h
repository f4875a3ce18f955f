#pragma once

// A request as a handler sees it. Everything it hands out are views that live until the request has been
// answered.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "services/http/request_head.h"
#include "services/http/status.h"
#include "services/http/target.h"

namespace holm::http {

class Request {
  public:
    Method method() const { return head_.method; }
    // Request target as received, escapes and all.
    std::string_view target() const { return head_.text(bytes_, head_.target); }
    // Decoded path without the query; begins with "/". Holds no "." or ".." segment. Empty for "OPTIONS *".
    std::string_view path() const {
        return head_.path_needs_decoding ? decoded_path_.text() : head_.text(bytes_, head_.path);
    }
    // What `{parameter}` of the route's pattern stands for; empty when the pattern has no such parameter.
    std::string_view path(std::string_view parameter) const;
    // The raw query without "?", and one decoded parameter of it.
    std::string_view query() const { return head_.text(bytes_, head_.query); }
    std::optional<std::string> query(std::string_view name) const { return query_parameter(query(), name); }
    // Host and port the client asked for; may be empty.
    std::string_view host() const { return head_.text(bytes_, head_.host); }
    bool version_1_1() const { return head_.version_1_1; }

    // The first header of that name (in any case) without the white space around it. header() returns "" for
    // none.
    std::optional<std::string_view> find_header(std::string_view name) const;
    std::string_view header(std::string_view name) const { return find_header(name).value_or(""); }
    // The media type of the content in Content-Type without its parameters, as sent: "application/json".
    std::string_view media_type() const;

    std::size_t header_count() const { return head_.field_count; }
    std::string_view header_name(std::size_t i) const { return head_.text(bytes_, head_.fields[i].name); }
    std::string_view header_value(std::size_t i) const { return head_.text(bytes_, head_.fields[i].value); }

    // The whole content, decoded; empty when there is none.
    Bytes body() const { return body_; }
    std::string_view text() const { return as_text(body_); }

  private:
    friend class Session;
    friend class Router;
    static constexpr std::size_t kMaxParameters = 8;

    struct Parameter {
        std::string_view name;  // in the router's pattern
        Slice value;            // in path()
    };

    // Says where the head's bytes lie; a path that needs decoding is decoded.
    Result<void, Refusal> bind(const char* head_bytes);

    // All of another request but the memory it lies in. False when there is no memory.
    bool copy(const Request& other);

    RequestHead head_;
    const char* bytes_ = nullptr;
    Bytes body_;
    ByteBuffer decoded_path_;
    std::size_t parameter_count_ = 0;
    std::array<Parameter, kMaxParameters> parameters_;
};

}  // namespace holm::http

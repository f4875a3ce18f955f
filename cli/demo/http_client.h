#pragma once

// As much of an HTTP client as the demo needs: one request at a time, answers of at most 4 MiB.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/text/values.h"

namespace holm::cli {

struct HttpPlace {
    Ipv4 address{{127, 0, 0, 1}};
    std::uint16_t port = 80;
    std::string host;  // what the request calls it; "": its address
};

struct HttpReply {
    int status = 0;
    std::string content_type;
    std::string body;
    std::chrono::steady_clock::time_point first_byte;
    std::chrono::microseconds
        time{};  // from the request's start, of fetch the connection's, to the last byte
};

inline constexpr std::chrono::milliseconds kPatience{30'000};

// One request behind the other, each answer with its length but the last's. Its functions throw Failure when
// nothing moves for as long as `patience`, or when an answer is no proper one.
class HttpConnection {
  public:
    explicit HttpConnection(const HttpPlace& place, std::chrono::milliseconds patience = kPatience);
    ~HttpConnection();
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;
    HttpReply ask(std::string_view method, std::string_view target, std::string_view body = "",
                  bool last = false);

  private:
    HttpPlace place_;
    int socket_;
};

// A request on a connection of its own.
HttpReply fetch(const HttpPlace& place, std::string_view method, std::string_view target,
                std::string_view body = "", std::chrono::milliseconds patience = kPatience);

}  // namespace holm::cli

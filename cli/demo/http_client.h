#pragma once

// As much of an HTTP client as the demo needs: one request a connection to this machine, answers of at most 4
// MiB.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace holm::cli {

struct HttpReply {
    int status = 0;
    std::string content_type;
    std::string body;
    std::chrono::steady_clock::time_point first_byte;
    std::chrono::microseconds time{};  // from the connection's start to the last byte
};

inline constexpr std::chrono::milliseconds kPatience{30'000};

// Throws Failure when nothing moves for as long as `patience`, or when the answer is no proper one.
HttpReply fetch(std::uint16_t port, std::string_view method, std::string_view target,
                std::string_view body = "", std::chrono::milliseconds patience = kPatience);

}  // namespace holm::cli

#include "services/http/drop.h"

namespace holm::http {

std::string_view to_string(Drop drop) {
    constexpr std::array<std::string_view, kDrops> kNames = {
        "malformed", "slow_request",       "too_large",           "unsupported",        "no_memory",
        "silent",    "response_not_taken", "websocket_violation", "websocket_too_long", "websocket_silent",
    };
    return kNames[static_cast<std::size_t>(drop)];
}

Drop drop_of(Status status) {
    switch (status) {
        case Status::kRequestTimeout:
            return Drop::kSlowRequest;
        case Status::kContentTooLarge:
        case Status::kUriTooLong:
        case Status::kHeaderFieldsTooLarge:
            return Drop::kTooLarge;
        case Status::kLengthRequired:
        case Status::kExpectationFailed:
        case Status::kNotImplemented:
        case Status::kVersionNotSupported:
            return Drop::kUnsupported;
        case Status::kServiceUnavailable:
            return Drop::kNoMemory;
        default:
            return Drop::kMalformed;
    }
}

}  // namespace holm::http

#pragma once

// Status codes (RFC 9110 §15) and the way in which a core of this folder refuses a request.

#include <cstdint>
#include <expected>
#include <string_view>

#include "base/result.h"

namespace holm::http {

enum class Status : std::uint16_t {
    kContinue = 100,
    kSwitchingProtocols = 101,
    kOk = 200,
    kCreated = 201,
    kAccepted = 202,
    kNoContent = 204,
    kPartialContent = 206,
    kMovedPermanently = 301,
    kFound = 302,
    kSeeOther = 303,
    kNotModified = 304,
    kTemporaryRedirect = 307,
    kPermanentRedirect = 308,
    kBadRequest = 400,
    kUnauthorized = 401,
    kForbidden = 403,
    kNotFound = 404,
    kMethodNotAllowed = 405,
    kNotAcceptable = 406,
    kRequestTimeout = 408,
    kConflict = 409,
    kGone = 410,
    kLengthRequired = 411,
    kPreconditionFailed = 412,
    kContentTooLarge = 413,
    kUriTooLong = 414,
    kUnsupportedMediaType = 415,
    kRangeNotSatisfiable = 416,
    kExpectationFailed = 417,
    kUnprocessableContent = 422,
    kUpgradeRequired = 426,
    kPreconditionRequired = 428,
    kTooManyRequests = 429,
    kHeaderFieldsTooLarge = 431,
    kInternalServerError = 500,
    kNotImplemented = 501,
    kBadGateway = 502,
    kServiceUnavailable = 503,
    kGatewayTimeout = 504,
    kVersionNotSupported = 505,
    kInsufficientStorage = 507,
};

// The reason phrase, "Unknown" for a number that is not in the list.
std::string_view reason_phrase(Status status);

// Responses to these carry no content and no Content-Length (RFC 9110 §8.6).
constexpr bool forbids_content(Status status) {
    return static_cast<std::uint16_t>(status) < 200 || status == Status::kNoContent ||
           status == Status::kNotModified;
}

// Why a request is not served: the answer's status and one sentence (a literal) that goes into its body.
struct Refusal {
    Status status;
    const char* what;
};

constexpr std::unexpected<Refusal> refuse(Status status, const char* what) {
    return std::unexpected<Refusal>(Refusal{status, what});
}

}  // namespace holm::http

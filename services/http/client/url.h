#pragma once

// Addresses of the web as a client needs them (RFC 3986): "http" URLs, and references within them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::http {

struct Url {
    std::string host;  // a name or an address, without brackets; in lower case
    std::uint16_t port = 80;
    std::string target = "/";  // path and query, as it goes on the wire

    // "host", "host:8080", "[fd00::1]:8080": what the Host header says.
    std::string authority() const;
    std::string text() const { return "http://" + authority() + target; }
};

// Errors: kInvalid; kUnsupported for "https" and other schemes. User information is refused, a fragment is
// dropped. What may not stand in a request (spaces, control characters) is refused rather than escaped.
Result<Url> parse_url(std::string_view text);

// What `reference` (a Location header's value) means on the page `base` (section 5.2).
Result<Url> resolve_url(const Url& base, std::string_view reference);

}  // namespace holm::http

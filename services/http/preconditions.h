#pragma once

// Conditional requests (RFC 9110 §13): is the representation that the client knows still the current one?

#include <cstdint>
#include <optional>
#include <string_view>

#include "services/http/request.h"

namespace holm::http {

// What identifies the current state of a resource.
struct Validators {
    bool exists = true;     // false: the resource has no representation now ("If-None-Match: *")
    std::string_view etag;  // with quotes, perhaps W/ before them; empty: none
    std::optional<std::int64_t> last_modified;  // seconds since 1970
};

// In the order of §13.2.2: kOk (go on), kNotModified, or kPreconditionFailed. A handler that changes a
// resource calls it before it does; for responses to GET and HEAD that carry validators the session does.
Status check_preconditions(const Request& request, const Validators& current, std::int64_t unix_now);

// For handlers that change a resource: whether If-Match, if there, still holds. `tag` is given without
// quotes.
bool if_match_holds(const Request& request, std::string_view tag);

// Whether If-Range, if there, still holds (§13.1.5), so that Range may be obeyed.
bool if_range_holds(const Request& request, const Validators& current, std::int64_t unix_now);

// Whether an element of an If-Match or If-None-Match list is `etag`. Weak comparison ignores W/, strong
// comparison refuses it (§8.8.3.2). "*" is not handled here.
bool etag_list_contains(std::string_view list, std::string_view etag, bool weak);

}  // namespace holm::http

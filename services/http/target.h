#pragma once

// Decoding of what a request target is made of: its path and its query (RFC 3986 §2.1, WHATWG URL for form
// encoding).

#include <optional>
#include <string>
#include <string_view>

#include "services/http/byte_buffer.h"
#include "services/http/status.h"

namespace holm::http {

// Decodes percent escapes once. Refused, because some part behind could take them for something else: an
// escaped slash or backslash, control characters, and the segments "." and "..". Every "%" must be followed
// by two hexadecimal digits (the parser saw to that). 503 when there is no memory for the path.
Result<void, Refusal> decode_path(std::string_view raw, ByteBuffer& path);

// The decoded value ("+" is a space) of the first parameter of that name; nothing when there is none.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace holm::http

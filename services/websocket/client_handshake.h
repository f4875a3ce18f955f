#pragma once

// The client's opening handshake (RFC 6455 §4.1): what it asks, and whether the answer is a server's that has
// understood.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/http/client/response_parser.h"
#include "services/http/client/url.h"
#include "services/websocket/key.h"

namespace holm::websocket {

// "ws://host:port/path?query". Errors: those of http::parse_url(); kUnsupported for "wss", which needs TLS.
Result<http::Url> parse_url(std::string_view text);

// The request's head without the empty line at its end, so that headers may follow.
std::string ask_handshake(const http::Url& url, const Key& key, std::span<const std::string> protocols);

// Errors: kProtocol, with the reason; kInvalid for a server that does not want to.
Result<> check_answer(const http::ResponseHead& answer, const Key& key,
                      std::span<const std::string> protocols);

}  // namespace holm::websocket

#include "services/websocket/client_handshake.h"

#include <algorithm>

#include "services/http/characters.h"

namespace holm::websocket {
namespace {

std::unexpected<Error> broken(const char* what) {
    return fail(ErrorCode::kProtocol, what);
}

// How often a header is there.
std::size_t count(const http::ResponseHead& answer, std::string_view name) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < answer.header_count(); ++i)
        found += http::equals_ignoring_case(answer.header_name(i), name) ? 1 : 0;
    return found;
}

bool connection_is_upgraded(const http::ResponseHead& answer) {
    for (std::size_t i = 0; i < answer.header_count(); ++i) {
        if (!http::equals_ignoring_case(answer.header_name(i), "connection")) continue;
        for (std::string_view list = answer.header_value(i); !list.empty();)
            if (http::equals_ignoring_case(http::next_list_item(list), "upgrade")) return true;
    }
    return false;
}

// RFC 6455 §4.1 would allow asking again elsewhere or with credentials; that is the service's to decide.
std::unexpected<Error> refused(int status) {
    const auto because = [](const char* what) { return fail(ErrorCode::kInvalid, what); };
    if (status / 100 == 3) return because("the server sends the WebSocket to another address");
    if (status == 401 || status == 403) return because("the server does not allow the WebSocket");
    if (status == 404) return because("the server has nothing at the WebSocket's address");
    if (status == 426) return because("the server speaks another version of the WebSocket protocol");
    return because("the server did not open the WebSocket");
}

}  // namespace

Result<http::Url> parse_url(std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view scheme = text.substr(0, colon);
    if (http::equals_ignoring_case(scheme, "wss")) return fail(ErrorCode::kUnsupported, "wss needs TLS");
    if (!http::equals_ignoring_case(scheme, "ws"))
        return fail(ErrorCode::kUnsupported, "the URL's scheme is not ws");
    if (text.contains('#')) return fail(ErrorCode::kInvalid, "a WebSocket's URL with a fragment");  // §3
    return http::parse_url("http" + std::string(text.substr(colon)));
}

std::string ask_handshake(const http::Url& url, const Key& key, std::span<const std::string> protocols) {
    std::string head = "GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority() +
                       "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: ";
    head.append(key.data(), key.size()).append("\r\n");
    for (std::size_t i = 0; i < protocols.size(); ++i)
        head.append(i == 0 ? "Sec-WebSocket-Protocol: " : ", ").append(protocols[i]);
    if (!protocols.empty()) head += "\r\n";
    return head;
}

Result<> check_answer(const http::ResponseHead& answer, const Key& key,
                      std::span<const std::string> protocols) {
    if (answer.status() != http::Status::kSwitchingProtocols) return refused(answer.status_code());
    if (count(answer, "upgrade") != 1 || !http::equals_ignoring_case(answer.header("upgrade"), "websocket"))
        return broken("the server switches to another protocol than WebSocket");
    if (!connection_is_upgraded(answer)) return broken("the server's Connection does not say Upgrade");
    const auto accept = accept_key({key.data(), key.size()});
    if (count(answer, "sec-websocket-accept") != 1 ||
        answer.header("sec-websocket-accept") != std::string_view(accept.data(), accept.size()))
        return broken("the server's Sec-WebSocket-Accept is not that of our key");
    if (count(answer, "sec-websocket-extensions") != 0)
        return broken("the server takes an extension that was not offered");
    const std::size_t chosen = count(answer, "sec-websocket-protocol");
    if (chosen > 1 ||
        (chosen == 1 && !std::ranges::contains(protocols, answer.header("sec-websocket-protocol"))))
        return broken("the server takes a subprotocol that was not offered");
    return {};
}

}  // namespace holm::websocket

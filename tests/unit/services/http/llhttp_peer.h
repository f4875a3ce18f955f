#pragma once

// The same request as llhttp (Node's parser, strict mode) reads it: the peer of the differential tests. Built
// only when the package node-llhttp is installed (HOLM_HAVE_LLHTTP).

#include <string>
#include <string_view>

#include <llhttp/llhttp.h>

namespace holm::http {

struct PeerOutcome {
    bool complete = false;
    bool error = false;
    std::string target;
    std::string content;
    std::string reason;
    std::size_t consumed = 0;
};

inline PeerOutcome read_with_llhttp(std::string_view text) {
    PeerOutcome outcome;
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = [](llhttp_t* parser, const char* at, std::size_t length) {
        static_cast<PeerOutcome*>(parser->data)->target.append(at, length);
        return 0;
    };
    settings.on_body = [](llhttp_t* parser, const char* at, std::size_t length) {
        static_cast<PeerOutcome*>(parser->data)->content.append(at, length);
        return 0;
    };
    settings.on_message_complete = [](llhttp_t* parser) {
        static_cast<PeerOutcome*>(parser->data)->complete = true;
        return static_cast<int>(HPE_PAUSED);
    };
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &outcome;
    const llhttp_errno_t result = llhttp_execute(&parser, text.data(), text.size());
    if (outcome.complete) {
        outcome.consumed = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - text.data());
    } else {
        outcome.error = result != HPE_OK;
        if (parser.reason != nullptr) outcome.reason = parser.reason;
    }
    return outcome;
}

// Where the peer is known to refuse what RFC 9112 allows. Each entry is a reason why a difference is not
// ours:
// - llhttp 8.1 knows no further extension after one that has a value (§7.1.1 allows any number);
// - nor a tab after Content-Length's number (RFC 9110 §5.6.3: optional white space is spaces and tabs).
inline bool is_known_difference(const PeerOutcome& peer, std::string_view text) {
    if (peer.reason == "Invalid character in chunk size") {
        const std::size_t first = text.find(';');
        return first != text.npos && text.find(';', first + 1) != text.npos;
    }
    return peer.reason == "Invalid character in Content-Length" && text.contains('\t');
}

}  // namespace holm::http

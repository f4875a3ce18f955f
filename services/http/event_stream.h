#pragma once

// Server-sent events (HTML, section 9.2): how an event is written.

#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"

namespace holm::http {

struct ServerEvent {
    std::string_view data;               // any number of lines
    std::string_view event = {};         // its type; empty: "message"
    std::string_view id = {};            // what a client that comes back names as the last it has seen
    std::optional<Duration> retry = {};  // after which it comes back, in milliseconds
};

// Appends the event's text. Line ends in the type and the id, which cannot hold any, become spaces; an id
// with a NUL, which clients ignore, is left out.
void append_event(std::string& text, const ServerEvent& event);

// A comment: clients skip it, but it shows that both ends are there.
void append_comment(std::string& text, std::string_view comment);

}  // namespace holm::http

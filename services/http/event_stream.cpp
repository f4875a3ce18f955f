#include "services/http/event_stream.h"

namespace holm::http {
namespace {

void append_line(std::string& text, std::string_view name, std::string_view value) {
    text += name;
    for (const char c : value) text += c == '\r' || c == '\n' ? ' ' : c;
    text += '\n';
}

// CR, LF and CR LF end lines (section 9.2.5), also inside of what is sent.
void append_lines(std::string& text, std::string_view name, std::string_view value) {
    while (true) {
        const std::size_t end = value.find_first_of("\r\n");
        append_line(text, name, value.substr(0, end));
        if (end == value.npos) return;
        value.remove_prefix(end + (value.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

}  // namespace

void append_event(std::string& text, const ServerEvent& event) {
    if (event.retry) append_line(text, "retry: ", std::to_string(event.retry->as_milliseconds()));
    if (!event.event.empty()) append_line(text, "event: ", event.event);
    if (!event.id.empty() && !event.id.contains('\0')) append_line(text, "id: ", event.id);
    append_lines(text, "data: ", event.data);
    text += '\n';
}

void append_comment(std::string& text, std::string_view comment) {
    append_lines(text, ": ", comment);
    text += '\n';
}

}  // namespace holm::http

#pragma once

// Domain names between text and wire form (RFC 1035, section 5.1; RFC 4343, section 2.1 for the escapes). A
// WireName is a whole name: labels with their lengths in front, the root's at the end, letters as written.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace holm::dns {

using WireName = std::string;

// The name in the text of a zone file; relative ones get `origin` behind them, "@" is the origin itself. The
// error is one phrase that says what is wrong.
std::expected<WireName, std::string> parse_name(std::string_view text, const WireName& origin);

// As a zone file would have it, with a dot at the end. Precondition: a whole name.
std::string to_text(std::string_view name);

// The byte that an escape stands for: text begins behind the backslash, and is moved behind the escape. Less
// than 0 if it is none.
int parse_escape(std::string_view& text);

WireName lower(WireName name);
// The name without its first label. Precondition: it is not the root.
std::string_view parent(std::string_view name);
// Whether `name` is `ancestor` or below it; both in the same case.
bool is_within(std::string_view name, std::string_view ancestor);
// Where the labels begin, the root's not among them.
std::vector<std::size_t> label_offsets(std::string_view name);
// The order of RFC 4034, section 6.1; both in lower case.
int compare_canonically(std::string_view left, std::string_view right);

}  // namespace holm::dns

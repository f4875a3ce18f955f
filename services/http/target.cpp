#include "services/http/target.h"

#include "services/http/characters.h"

namespace holm::http {
namespace {

// The byte at text[at], or the one that an escape there stands for; moves `at` behind it.
char decode_at(std::string_view text, std::size_t& at) {
    if (text[at] != '%' || text.size() - at < 3) return text[at++];
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    if (high < 0 || low < 0) return text[at++];
    at += 3;
    return static_cast<char>(high * 16 + low);
}

std::string decode_query(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const bool plus = text[at] == '+';
        const char c = decode_at(text, at);
        decoded += plus ? ' ' : c;
    }
    return decoded;
}

}  // namespace

Result<void, Refusal> decode_path(std::string_view raw, ByteBuffer& path) {
    path.shorten(0);
    if (!path.append(raw)) return refuse(Status::kServiceUnavailable, "no memory for this request");
    std::size_t length = 0;  // decoded, never more than what was read
    for (std::size_t at = 0; at < raw.size();) {
        const bool escaped = raw[at] == '%';
        const char c = decode_at(raw, at);
        const auto byte = static_cast<unsigned char>(c);
        if (escaped && (byte < 0x20 || byte == 0x7f || c == '/' || c == '\\')) {
            return refuse(Status::kBadRequest,
                          "an escape in the path that stands for a separator or a control character");
        }
        path.data()[length++] = c;
    }
    path.shorten(length);
    for (std::size_t slash = 0; slash < length;) {
        const std::size_t next = std::min(path.text().find('/', slash + 1), length);
        const std::string_view segment = path.text().substr(slash + 1, next - slash - 1);
        if (segment == "." || segment == "..")
            return refuse(Status::kBadRequest, "a dot segment in the path");
        slash = next;
    }
    return {};
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(end == query.size() ? end : end + 1);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.empty() || decode_query(pair.substr(0, equals)) != name) continue;
        return equals == pair.size() ? std::string() : decode_query(pair.substr(equals + 1));
    }
    return std::nullopt;
}

}  // namespace holm::http

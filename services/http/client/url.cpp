#include "services/http/client/url.h"

#include <charconv>

#include "base/address_text.h"
#include "services/http/characters.h"

namespace holm::http {
namespace {

constexpr std::size_t kLongest = 8192;  // bytes of a URL
constexpr std::size_t kLongestHost = 253;

std::unexpected<Error> invalid(const char* what) {
    return fail(ErrorCode::kInvalid, what);
}

// Path and query without the fragment.
Result<std::string> parse_target(std::string_view text) {
    text = text.substr(0, text.find('#'));
    const std::size_t question = text.find('?');
    const std::string_view path = text.substr(0, question);
    if (!path.empty() && !all_are(path, kPathCharacter))
        return invalid("the URL's path has a character that must be escaped");
    const std::string_view query = question == text.npos ? std::string_view() : text.substr(question + 1);
    if (!query.empty() && !all_are(query, kQueryCharacter))
        return invalid("the URL's query has a character that must be escaped");
    std::string target(path.empty() ? "/" : path);
    if (question != text.npos) target.append("?").append(query);
    return target;
}

Result<void> parse_authority(std::string_view text, Url& url) {
    if (text.contains('@')) return invalid("a URL with user information");
    std::string_view host = text, port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == text.npos) return invalid("a bracket of the URL's address is not closed");
        host = text.substr(1, end - 1);
        if (!parse_ipv6(host)) return invalid("the URL's brackets hold no IPv6 address");
        port = text.substr(end + 1);
        if (!port.empty() && port.front() != ':') return invalid("a URL whose port has no colon");
    } else {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        if (host.empty() || !all_are(host, kHostCharacter) || host.contains('%') || host.contains('['))
            return invalid("the URL has no host, or one with characters that no name has");
        if (colon != text.npos) port = text.substr(colon);
    }
    if (host.size() > kLongestHost) return invalid("the URL's host is too long");
    if (!port.empty()) port.remove_prefix(1);
    if (!port.empty()) {
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
            return invalid("the URL's port is no number from 1 to 65535");
    }
    for (const char c : host) url.host += to_lower(c);
    return {};
}

// Where the scheme ends, that is, the place of its colon; npos if there is none.
std::size_t scheme_end(std::string_view text) {
    const std::size_t colon = text.find_first_of(":/?#");
    return colon != text.npos && colon > 0 && text[colon] == ':' ? colon : text.npos;
}

// Section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
    std::string kept;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        if (segment == "/." || segment == "/..") {
            if (segment == "/..") kept.resize(std::min(kept.size(), kept.rfind('/')));
            if (path.empty()) kept += '/';
        } else {
            kept += segment;
        }
    }
    return kept.empty() ? "/" : kept;
}

}  // namespace

std::string Url::authority() const {
    std::string text = host.contains(':') ? "[" + host + "]" : host;
    if (port != 80) text += ":" + std::to_string(port);
    return text;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > kLongest) return invalid("the URL is too long");
    const std::size_t colon = scheme_end(text);
    if (colon == text.npos) return invalid("a URL begins with http://");
    const std::string_view scheme = text.substr(0, colon);
    if (equals_ignoring_case(scheme, "https"))
        return fail(ErrorCode::kUnsupported, "https needs TLS, which is not there");
    if (!equals_ignoring_case(scheme, "http"))
        return fail(ErrorCode::kUnsupported, "the URL's scheme is not http");
    std::string_view rest = text.substr(colon + 1);
    if (!rest.starts_with("//")) return invalid("a URL begins with http://");
    rest.remove_prefix(2);
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    Url url;
    TRY(parse_authority(rest.substr(0, end), url));
    url.target = TRY(parse_target(rest.substr(end)));
    if (url.target.front() != '/') url.target.insert(0, "/");  // "http://host?query"
    return url;
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
    if (reference.size() > kLongest) return invalid("the URL is too long");
    if (scheme_end(reference) != reference.npos) return parse_url(reference);
    if (reference.starts_with("//")) return parse_url("http:" + std::string(reference));
    Url url{.host = base.host, .port = base.port};
    const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
    reference = reference.substr(0, reference.find('#'));
    const std::size_t question = std::min(reference.find('?'), reference.size());
    const std::string_view path = reference.substr(0, question), query = reference.substr(question);
    std::string merged;
    if (path.empty()) {
        merged = query.empty() ? base.target : std::string(base_path) + std::string(query);
    } else {
        if (!path.starts_with('/')) merged = base_path.substr(0, base_path.rfind('/') + 1);
        merged += path;
        merged = remove_dot_segments(merged) + std::string(query);
    }
    url.target = TRY(parse_target(merged));
    return url;
}

}  // namespace holm::http

#include "services/http/head_parser.h"

#include <array>
#include <utility>

#include "services/http/characters.h"

namespace holm::http {
namespace {

constexpr std::array<std::string_view, kMethodCount> kMethodNames = {"GET",   "HEAD",   "POST",    "PUT",
                                                                     "PATCH", "DELETE", "OPTIONS", "TRACE"};

constexpr Slice make_slice(std::size_t begin, std::size_t end) {
    return {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(end - begin)};
}

bool escapes_are_complete(std::string_view text) {
    for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
        if (text.size() - at < 3 || hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0) return false;
    }
    return true;
}

// One size for everybody: digits only, and few enough of them to be exact in 64 bits.
Result<std::uint64_t, Refusal> parse_content_length(std::string_view value) {
    if (value.empty() || value.size() > 18)
        return refuse(Status::kBadRequest, "Content-Length is not a number");
    std::uint64_t length = 0;
    for (const char c : value) {
        if (c < '0' || c > '9') return refuse(Status::kBadRequest, "Content-Length is not a number");
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return length;
}

// Only "chunked" is understood. Another coding before it can be told honestly; with anything else after or
// instead of it the end of the message is unknown (RFC 9112 §6.3).
Result<void, Refusal> check_transfer_encoding(std::string_view value) {
    if (equals_ignoring_case(value, "chunked")) return {};
    std::size_t chunked = 0;
    bool last = false;
    while (!value.empty()) {
        last = equals_ignoring_case(next_list_item(value), "chunked");
        chunked += last ? 1 : 0;
    }
    if (last && chunked == 1)
        return refuse(Status::kNotImplemented, "the only transfer coding understood is chunked");
    return refuse(Status::kBadRequest, "Transfer-Encoding does not end with one chunked");
}

}  // namespace

std::string_view method_name(Method method) {
    return kMethodNames[static_cast<std::size_t>(method)];
}

Result<std::size_t, Refusal> HeadParser::parse(const Limits& limits, std::string_view input,
                                               RequestHead& head) {
    const char* const base = input.data();
    const char* const end = base + input.size();
    while (true) {
        const char* const stop = find_control(base + scanned_, end);
        // Limits come before content, at the same byte whether it arrives alone or in a batch. 16 bits hold
        // what passes.
        const std::size_t line_end = static_cast<std::size_t>(stop - base);
        if (line_end - line_start_ > (have_request_line_ ? limits.field_line : limits.request_line)) {
            return have_request_line_ ? refuse(Status::kHeaderFieldsTooLarge, "a header line is too long")
                                      : refuse(Status::kUriTooLong, "the request line is too long");
        }
        if (line_end + 2 > limits.head)
            return refuse(Status::kHeaderFieldsTooLarge, "the header section is too long");
        scanned_ = static_cast<std::uint16_t>(line_end);
        if (stop == end) return 0;
        if (*stop != '\r') return refuse(Status::kBadRequest, "a control character in the request's head");
        if (stop + 1 == end) return 0;
        if (stop[1] != '\n') return refuse(Status::kBadRequest, "CR without LF in the request's head");

        const bool empty = line_end == line_start_;
        const std::size_t begin = line_start_;
        scanned_ = line_start_ = static_cast<std::uint16_t>(line_end + 2);
        if (have_request_line_) {
            if (empty) break;
            TRY(parse_field(limits, input.substr(0, line_end), begin, head));
        } else if (!empty) {
            TRY(parse_request_line(input.substr(0, line_end), begin, head));
        } else if (!skipped_empty_line_) {
            skipped_empty_line_ = true;  // RFC 9112 §2.2: at least one empty line before a request is ignored
        } else {
            return refuse(Status::kBadRequest, "empty lines instead of a request");
        }
    }
    TRY(finish(limits, head));
    head.length = line_start_;
    return line_start_;
}

// Here and below `line` is the head up to the line's CR and the line starts at `begin`: positions are offsets
// into the head.
Result<void, Refusal> HeadParser::parse_request_line(std::string_view line, std::size_t begin,
                                                     RequestHead& head) {
    const std::size_t method_end = line.find(' ', begin);
    const std::size_t target_end = line.rfind(' ');
    if (method_end == line.npos || method_end == target_end || method_end == begin) {
        return refuse(Status::kBadRequest, "the request line is not: method, target, version");
    }
    const std::string_view method = line.substr(begin, method_end - begin);
    const std::string_view version = line.substr(target_end + 1);

    if (!all_are(method, kTokenCharacter))
        return refuse(Status::kBadRequest, "an invalid character in the method");
    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || version[5] < '0' ||
        version[5] > '9' || version[7] < '0' || version[7] > '9') {
        return refuse(Status::kBadRequest, "the request line does not end with a version");
    }
    if (version[5] != '1' || version[7] > '1')
        return refuse(Status::kVersionNotSupported, "only HTTP/1.0 and HTTP/1.1");
    std::size_t known = 0;
    while (known < kMethodCount && kMethodNames[known] != method) ++known;
    // CONNECT is among the unknown: an origin server opens no tunnels, and its target has a form of its own.
    if (known == kMethodCount) return refuse(Status::kNotImplemented, "this method is not implemented");

    head.method = static_cast<Method>(known);
    head.version_1_1 = version[7] == '1';
    head.asterisk = head.path_needs_decoding = head.expects_continue = false;
    head.framing = Framing::kNone;
    head.field_count = 0;
    head.content_length = 0;
    head.host = {};
    have_request_line_ = true;
    return parse_target(line, method_end + 1, target_end, head);
}

// RFC 9112 §3.2: origin form, absolute form (only http: nothing else is served here), and "*" for OPTIONS.
Result<void, Refusal> HeadParser::parse_target(std::string_view line, std::size_t begin, std::size_t end,
                                               RequestHead& head) {
    head.target = make_slice(begin, end);
    if (line.substr(begin, end - begin) == "*" && head.method == Method::kOptions) {
        head.asterisk = true;
        head.path = head.query = {};
        return {};
    }
    std::size_t path = begin;
    bool empty_path = false;
    if (equals_ignoring_case(line.substr(begin, 7), "http://")) {
        const std::size_t host = begin + 7;
        path = host;
        while (path < end && line[path] != '/' && line[path] != '?') ++path;
        if (path == host || !all_are(line.substr(host, path - host), kHostCharacter)) {
            return refuse(Status::kBadRequest, "an invalid host in the request target");
        }
        head.host = make_slice(host, path);
        absolute_form_ = true;
        empty_path = path == end || line[path] == '?';  // RFC 9110 §4.2.3: an empty path is the same as "/"
    }
    if (!empty_path && line[path] != '/')
        return refuse(Status::kBadRequest, "the request target is not a path");

    bool escapes = false;
    bool dots = false;
    std::size_t at = path;
    for (; at < end && is(line[at], kPathCharacter); ++at) {
        escapes |= line[at] == '%';
        dots |= line[at] == '.' && line[at - 1] == '/';
    }
    // With an empty path, the second slash of "http://" serves as the path "/".
    head.path = empty_path ? make_slice(begin + 6, begin + 7) : make_slice(path, at);
    head.path_needs_decoding = escapes || dots;
    head.query = make_slice(at, at);
    if (at < end && line[at] == '?') {
        const std::size_t query = ++at;
        for (; at < end && is(line[at], kQueryCharacter); ++at) escapes |= line[at] == '%';
        head.query = make_slice(query, at);
    }
    if (at != end) return refuse(Status::kBadRequest, "an invalid character in the request target");
    if (escapes && !escapes_are_complete(line.substr(path, end - path))) {
        return refuse(Status::kBadRequest, "an incomplete percent escape in the request target");
    }
    return {};
}

Result<void, Refusal> HeadParser::parse_field(const Limits& limits, std::string_view line, std::size_t begin,
                                              RequestHead& head) {
    std::size_t colon = begin;
    while (colon < line.size() && is(line[colon], kTokenCharacter)) ++colon;
    // A line that begins with white space (obs-fold, RFC 9112 §5.2), white space before the colon (§5.1), no
    // colon at all.
    if (colon == begin || colon == line.size() || line[colon] != ':') {
        return refuse(Status::kBadRequest, "a header line is not: name, colon, value");
    }
    if (head.field_count >= limits.fields || head.field_count >= RequestHead::kMaxFields) {
        return refuse(Status::kHeaderFieldsTooLarge, "too many header lines");
    }
    const std::string_view value = trim(line.substr(colon + 1));
    const std::size_t value_begin =
        value.empty() ? colon + 1 : static_cast<std::size_t>(value.data() - line.data());
    Field& field = head.fields[head.field_count++];
    field.name = make_slice(begin, colon);
    field.value = make_slice(value_begin, value_begin + value.size());
    return note_field(line.substr(begin, colon - begin), value, field.value, head);
}

// The fields that decide how the message is read. Everything else is the handler's business.
Result<void, Refusal> HeadParser::note_field(std::string_view name, std::string_view value, Slice slice,
                                             RequestHead& head) {
    switch (name.size()) {
        case 4:
            if (!equals_ignoring_case(name, "host")) break;
            if (have_host_) return refuse(Status::kBadRequest, "more than one Host");
            have_host_ = true;
            if (!all_are(value, kHostCharacter))
                return refuse(Status::kBadRequest, "an invalid character in Host");
            if (!absolute_form_) head.host = slice;  // RFC 9112 §3.2.2: the absolute form wins
            break;
        case 6:
            if (!equals_ignoring_case(name, "expect")) break;
            if (!equals_ignoring_case(value, "100-continue")) {
                return refuse(Status::kExpectationFailed, "the only expectation understood is 100-continue");
            }
            head.expects_continue = true;
            break;
        case 10:
            if (!equals_ignoring_case(name, "connection")) break;
            while (!value.empty()) {
                const std::string_view option = next_list_item(value);
                close_ |= equals_ignoring_case(option, "close");
                keep_alive_ |= equals_ignoring_case(option, "keep-alive");
            }
            break;
        case 14:
            if (!equals_ignoring_case(name, "content-length")) break;
            // RFC 9110 §8.6 would allow repeats of the same number; nobody sends them honestly.
            if (have_length_) return refuse(Status::kBadRequest, "more than one Content-Length");
            have_length_ = true;
            head.content_length = TRY(parse_content_length(value));
            break;
        case 17:
            if (!equals_ignoring_case(name, "transfer-encoding")) break;
            if (have_encoding_) return refuse(Status::kBadRequest, "more than one Transfer-Encoding");
            have_encoding_ = true;
            return check_transfer_encoding(value);
        default:
            break;
    }
    return {};
}

Result<void, Refusal> HeadParser::finish(const Limits& limits, RequestHead& head) const {
    if (head.version_1_1 && !have_host_) return refuse(Status::kBadRequest, "HTTP/1.1 without Host");
    if (have_encoding_) {
        if (have_length_) return refuse(Status::kBadRequest, "both Content-Length and Transfer-Encoding");
        if (!head.version_1_1) return refuse(Status::kBadRequest, "Transfer-Encoding in HTTP/1.0");
        head.framing = Framing::kChunked;
    } else if (have_length_) {
        if (head.content_length > limits.body)
            return refuse(Status::kContentTooLarge, "the content is too large");
        head.framing = head.content_length > 0 ? Framing::kLength : Framing::kNone;
    } else if (!head.version_1_1 && (head.method == Method::kPost || head.method == Method::kPut)) {
        // In HTTP/1.0 the content would end where the connection does: its length cannot be known.
        return refuse(Status::kLengthRequired, "HTTP/1.0 with content needs Content-Length");
    }
    head.expects_continue = head.expects_continue && head.version_1_1 && head.framing != Framing::kNone;
    head.keep_alive = !close_ && (head.version_1_1 || keep_alive_);
    return {};
}

}  // namespace holm::http

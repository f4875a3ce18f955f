#include "services/http/client/response_parser.h"

#include <algorithm>
#include <charconv>

#include "services/http/characters.h"

namespace holm::http {
namespace {

constexpr std::uint8_t kMostInterim = 8;

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kProtocol, what);
}

// The decoder bounds what a client may send; a server may send as much as it likes, the caller counts.
constexpr Limits kChunkLimits = {.body = SIZE_MAX / 2, .chunk_extensions = 16'384, .trailers = 16'384};

}  // namespace

std::optional<std::string_view> ResponseHead::find_header(std::string_view name) const {
    for (const Field& field : fields_)
        if (equals_ignoring_case(text(field.name), name)) return text(field.value);
    return std::nullopt;
}

ResponseParser::ResponseParser(const ResponseLimits& limits, bool to_head)
    : limits_(limits), to_head_(to_head) {}

Result<ResponseParser::Step> ResponseParser::receive(std::string_view input) {
    switch (state_) {
        case State::kHead:
            return receive_head(input);
        case State::kLength: {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            left_ -= size;
            if (left_ == 0) state_ = State::kComplete;
            return Step{size, input.substr(0, size)};
        }
        case State::kChunked: {
            const auto step = decoder_.decode(kChunkLimits, input);
            if (!step) return malformed(step.error().what);
            if (step->complete) state_ = State::kComplete;
            return Step{step->consumed, step->data};
        }
        case State::kUntilEnd:
            return Step{input.size(), input};
        case State::kComplete:
            break;
    }
    return Step{};
}

Result<> ResponseParser::end_of_input() {
    if (state_ == State::kUntilEnd) state_ = State::kComplete;
    if (state_ == State::kComplete) return {};
    return fail(ErrorCode::kConnectionReset,
                "the server closed the connection before its response was complete");
}

Result<ResponseParser::Step> ResponseParser::receive_head(std::string_view input) {
    ByteBuffer& bytes = head_.bytes_;
    // The end may lie across what was there before.
    const std::size_t before = bytes.size();
    const std::size_t room = limits_.head - before;
    if (!bytes.append(input.substr(0, room)))
        return fail(ErrorCode::kOutOfMemory, "no memory for a response");
    const std::size_t end = bytes.text().find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string_view::npos) {
        if (bytes.size() == limits_.head)
            return fail(ErrorCode::kTooLarge, "the response's head is too large");
        return Step{.consumed = bytes.size() - before};
    }
    bytes.shorten(end + 4);
    TRY(parse_head());
    const Step step{.consumed = end + 4 - before};
    if (head_.status_ >= 200 || (head_.status_ == 101 && expects_upgrade_)) {
        begin_content();
        return step;
    }
    // RFC 9110 §15.2: any number of interim responses may come first; ours is a modest one.
    if (head_.status_ == 101) return malformed("the server switches protocols unasked");
    if (++interim_ > kMostInterim) return malformed("too many interim responses");
    bytes.shorten(0);
    head_.fields_.clear();
    close_ = asks_keep_alive_ = has_encoding_ = chunked_ = false;
    length_.reset();
    return step;
}

Result<> ResponseParser::parse_head() {
    const std::string_view text = head_.bytes_.text();
    std::size_t line_end = text.find("\r\n");
    TRY(parse_status_line(text.substr(0, line_end)));
    for (std::size_t begin = line_end + 2; begin + 2 < text.size(); begin = line_end + 2) {
        line_end = text.find("\r\n", begin);
        TRY(parse_field(begin, text.substr(begin, line_end - begin)));
    }
    if (has_encoding_ && length_) return malformed("both Content-Length and Transfer-Encoding");
    if (has_encoding_ && !chunked_) return malformed("a transfer coding other than chunked");
    return {};
}

Result<> ResponseParser::parse_status_line(std::string_view line) {
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') ||
        line[8] != ' ' || (line.size() > 12 && line[12] != ' '))
        return malformed("the response does not begin with an HTTP/1 status line");
    head_.version_1_1_ = line[7] == '1';
    const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, head_.status_);
    if (error != std::errc() || end != line.data() + 12 || head_.status_ < 100)
        return malformed("the status is no number of three digits");
    if (!all_are(line, kFieldCharacter)) return malformed("a control character in the status line");
    return {};
}

Result<> ResponseParser::parse_field(std::size_t begin, std::string_view line) {
    if (head_.fields_.size() == limits_.fields)
        return fail(ErrorCode::kTooLarge, "the response has too many headers");
    const std::size_t colon = line.find(':');
    if (colon == line.npos || colon == 0 || !all_are(line.substr(0, colon), kTokenCharacter))
        return malformed("a header has no name");
    const std::string_view name = line.substr(0, colon), value = trim(line.substr(colon + 1));
    if (!value.empty() && !all_are(value, kFieldCharacter))
        return malformed("a control character in a header");
    const std::size_t value_at = begin + static_cast<std::size_t>(value.data() - line.data());
    head_.fields_.push_back(
        {{static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(name.size())},
         {static_cast<std::uint16_t>(value_at), static_cast<std::uint16_t>(value.size())}});
    return note_framing(name, value);
}

Result<> ResponseParser::note_framing(std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "connection")) {
        while (!value.empty()) {
            const std::string_view option = next_list_item(value);
            close_ |= equals_ignoring_case(option, "close");
            asks_keep_alive_ |= equals_ignoring_case(option, "keep-alive");
        }
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        if (has_encoding_) return malformed("Transfer-Encoding stands there twice");
        if (!head_.version_1_1_) return malformed("Transfer-Encoding in HTTP/1.0");
        has_encoding_ = true;
        chunked_ = equals_ignoring_case(value, "chunked");
    } else if (equals_ignoring_case(name, "content-length")) {
        std::uint64_t length = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
        if (error != std::errc() || end != value.data() + value.size())
            return malformed("Content-Length is no plain number");
        if (length_ && *length_ != length) return malformed("two different Content-Lengths");
        length_ = length;
    }
    return {};
}

// RFC 9112 §6.3.
void ResponseParser::begin_content() {
    keep_alive_ = head_.version_1_1_ ? !close_ : asks_keep_alive_ && !close_;
    if (to_head_ || forbids_content(head_.status())) {
        state_ = State::kComplete;
    } else if (chunked_) {
        state_ = State::kChunked;
    } else if (length_) {
        left_ = *length_;
        state_ = left_ == 0 ? State::kComplete : State::kLength;
    } else {
        state_ = State::kUntilEnd;
        keep_alive_ = false;
    }
}

}  // namespace holm::http

#include "services/http/chunked_decoder.h"

#include <algorithm>
#include <utility>

#include "services/http/characters.h"

namespace holm::http {

Result<ChunkedDecoder::Step, Refusal> ChunkedDecoder::decode(const Limits& limits, std::string_view input) {
    Step step;
    while (step.consumed < input.size()) {
        if (state_ == State::kData) {
            step.data = input.substr(step.consumed, chunk_left_);
            step.consumed += step.data.size();
            chunk_left_ -= step.data.size();
            decoded_ += step.data.size();
            if (chunk_left_ == 0) state_ = State::kDataCr;
            return step;
        }
        TRY(take(limits, input[step.consumed]));
        ++step.consumed;
        if (state_ == State::kComplete) {
            step.complete = true;
            break;
        }
    }
    return step;
}

Result<void, Refusal> ChunkedDecoder::take(const Limits& limits, char c) {
    switch (state_) {
        case State::kSizeStart:
        case State::kSize:
            return take_size(limits, c);
        case State::kExtensionName:
        case State::kExtensionValue:
        case State::kToken:
        case State::kQuoted:
        case State::kAfterQuoted:
            if (++extensions_ > limits.chunk_extensions)
                return refuse(Status::kBadRequest, "chunk extensions are too long");
            return take_extension(c);
        case State::kSizeLf:
            if (c != '\n') return refuse(Status::kBadRequest, "CR without LF after a chunk size");
            state_ = chunk_left_ > 0 ? State::kData : State::kTrailerStart;
            return {};
        case State::kDataCr:
            if (c != '\r') return refuse(Status::kBadRequest, "a chunk is longer than its size");
            state_ = State::kDataLf;
            return {};
        case State::kDataLf:
            if (c != '\n') return refuse(Status::kBadRequest, "CR without LF after a chunk");
            state_ = State::kSizeStart;
            return {};
        case State::kTrailerStart:
        case State::kTrailerName:
        case State::kTrailerValue:
        case State::kTrailerLf:
        case State::kEndLf:
            if (++trailers_ > limits.trailers)
                return refuse(Status::kHeaderFieldsTooLarge, "the trailer section is too long");
            return take_trailer(c);
        case State::kData:
        case State::kComplete:
            break;
    }
    std::unreachable();
}

Result<void, Refusal> ChunkedDecoder::take_size(const Limits& limits, char c) {
    if (const int digit = hex_value(c); digit >= 0) {
        if (state_ == State::kSizeStart) {
            state_ = State::kSize;
            size_digits_ = 0;
            chunk_left_ = 0;
        }
        // 15 digits cannot overflow; leading zeros beyond that are nobody's honest encoding.
        if (++size_digits_ > 15) return refuse(Status::kBadRequest, "a chunk size has too many digits");
        chunk_left_ = chunk_left_ * 16 + static_cast<std::size_t>(digit);
        if (chunk_left_ > limits.body - decoded_)
            return refuse(Status::kContentTooLarge, "the content is too large");
        return {};
    }
    if (state_ == State::kSize && c == ';') {
        state_ = State::kExtensionName;
        extension_empty_ = true;
        return {};
    }
    if (state_ == State::kSize && c == '\r') {
        state_ = State::kSizeLf;
        return {};
    }
    return refuse(Status::kBadRequest, "an invalid character in a chunk size");
}

// chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ), without the white space that §7.1.1 calls
// bad.
Result<void, Refusal> ChunkedDecoder::take_extension(char c) {
    switch (state_) {
        case State::kQuoted:
            if (c == '"') {
                state_ = State::kAfterQuoted;
            } else if (!is(c, kQuotedCharacter)) {
                break;
            }
            return {};
        default:
            if (state_ != State::kAfterQuoted && is(c, kTokenCharacter)) {
                if (state_ == State::kExtensionValue) state_ = State::kToken;
                extension_empty_ = false;
                return {};
            }
            if (state_ == State::kExtensionValue && c == '"') {
                state_ = State::kQuoted;
                return {};
            }
            if (extension_empty_ || state_ == State::kExtensionValue) break;
            if (c == '=' && state_ == State::kExtensionName) {
                state_ = State::kExtensionValue;
                return {};
            }
            if (c == ';') {
                state_ = State::kExtensionName;
                extension_empty_ = true;
                return {};
            }
            if (c == '\r') {
                state_ = State::kSizeLf;
                return {};
            }
    }
    return refuse(Status::kBadRequest, "an invalid character in a chunk extension");
}

Result<void, Refusal> ChunkedDecoder::take_trailer(char c) {
    switch (state_) {
        case State::kTrailerStart:
            if (c == '\r') {
                state_ = State::kEndLf;
                return {};
            }
            name_length_ = 0;
            state_ = State::kTrailerName;
            [[fallthrough]];
        case State::kTrailerName:
            if (c == ':' && name_length_ > 0) {
                const std::string_view name(name_.data(), name_length_);
                // RFC 9110 §6.5.1: a trailer must not say how the message is framed or routed.
                if (name == "content-length" || name == "transfer-encoding" || name == "host") {
                    return refuse(Status::kBadRequest, "a trailer field that only a header may hold");
                }
                state_ = State::kTrailerValue;
                return {};
            }
            if (!is(c, kTokenCharacter)) break;
            if (name_length_ < name_.size()) name_[name_length_++] = to_lower(c);
            return {};
        case State::kTrailerValue:
            if (c == '\r') {
                state_ = State::kTrailerLf;
            } else if (!is(c, kFieldCharacter)) {
                break;
            }
            return {};
        case State::kTrailerLf:
            if (c != '\n') break;
            state_ = State::kTrailerStart;
            return {};
        default:  // kEndLf
            if (c != '\n') break;
            state_ = State::kComplete;
            return {};
    }
    return refuse(Status::kBadRequest, "an invalid character in the trailer section");
}

}  // namespace holm::http

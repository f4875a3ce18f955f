#pragma once

// The chunked transfer coding of a request's content (RFC 9112 §7.1), strictly. Data is handed out where it
// lies; sizes, extensions and trailers are checked, bounded and dropped.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/http/limits.h"
#include "services/http/status.h"

namespace holm::http {

class ChunkedDecoder {
  public:
    struct Step {
        std::size_t consumed = 0;  // bytes of the input that are done with
        std::string_view data;     // decoded content within those, may be empty
        bool complete = false;     // the terminating chunk and the trailer section were consumed
    };

    // One step: at most one piece of data. Call again while it consumes something; when it consumes nothing
    // it needs more input. Must not be called after `complete` or after a refusal.
    Result<Step, Refusal> decode(const Limits& limits, std::string_view input);

    std::size_t decoded() const { return decoded_; }  // bytes of content handed out

  private:
    enum class State : std::uint8_t {
        kSizeStart,
        kSize,
        kExtensionName,
        kExtensionValue,
        kToken,
        kQuoted,
        kAfterQuoted,
        kSizeLf,
        kData,
        kDataCr,
        kDataLf,
        kTrailerStart,
        kTrailerName,
        kTrailerValue,
        kTrailerLf,
        kEndLf,
        kComplete,
    };

    Result<void, Refusal> take(const Limits& limits, char c);
    Result<void, Refusal> take_size(const Limits& limits, char c);
    Result<void, Refusal> take_extension(char c);
    Result<void, Refusal> take_trailer(char c);

    State state_ = State::kSizeStart;
    bool extension_empty_ = true;  // no character of the extension's name or value was seen yet
    std::uint8_t size_digits_ = 0;
    std::uint8_t name_length_ = 0;  // of a trailer field; counts no further than the array
    std::uint16_t extensions_ = 0;  // bytes, of the whole body
    std::uint16_t trailers_ = 0;    // bytes
    std::size_t chunk_left_ = 0;
    std::size_t decoded_ = 0;
    std::array<char, 20> name_{};
};

}  // namespace holm::http

#pragma once

// Answers to requests for several byte ranges (RFC 9110 §14.6): opt-in, see several_ranges() in
// holm/http_ranges.h. What would make an answer larger than the representation, or worth an attack (§17.15),
// is answered as if no range had been asked for, as §14.2 allows: ranges that overlap, more than kMost of
// them, and ones that cannot be understood.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/siphash.h"
#include "services/http/request.h"
#include "services/http/response.h"

namespace holm::http {

class SeveralRanges {
  public:
    static constexpr std::size_t kMost = 16;

    struct Range {
        std::uint64_t first = 0;
        std::uint64_t length = 0;
    };

    // With a key that nobody knows, nobody can put the boundary between the parts into the content.
    explicit SeveralRanges(const SipHashKey& key) : boundaries_(key) {}

    // The response, or the parts of it that the request asks for: 206 with one part or with
    // multipart/byteranges, 416 where there is none of them. The parts are in the order of the request.
    Response operator()(const Request& request, Response response);

    // The ranges that exist in a representation of `size` bytes; nothing: the whole is the answer.
    static std::optional<std::vector<Range>> parse(std::string_view value, std::uint64_t size);

  private:
    class Parts;

    KeyedRandom boundaries_;
};

}  // namespace holm::http

#pragma once

// Which of the codings that content exists in a client gets: Accept-Encoding (RFC 9110 §12.5.3).

#include <cstdint>
#include <optional>
#include <string_view>

#include "services/http/request.h"

namespace holm::http {

enum class Coding : std::uint8_t { kIdentity, kGzip, kBrotli };
inline constexpr std::size_t kCodingCount = 3;

// The coding's name in Content-Encoding; empty for kIdentity.
std::string_view coding_name(Coding coding);
// What follows a file's name where its encoded form lies beside it: ".gz", ".br".
std::string_view coding_suffix(Coding coding);

class CodingSet {
  public:
    constexpr void add(Coding coding) { bits_ |= bit(coding); }
    constexpr bool contains(Coding coding) const { return (bits_ & bit(coding)) != 0; }

  private:
    static constexpr std::uint8_t bit(Coding coding) {
        return static_cast<std::uint8_t>(1u << static_cast<unsigned>(coding));
    }
    std::uint8_t bits_ = 0;
};

// The coding that the client likes best; of several the one that is likely the smallest. Content exists as
// kIdentity, whatever `available` says. Nothing when the client takes none of them, not even kIdentity.
std::optional<Coding> choose_coding(const Request& request, CodingSet available);

// The weight in a list element behind its name, in thousandths: ";q=0.5" is 500, "" is 1000. Nothing for what
// is no weight.
std::optional<unsigned> parse_weight(std::string_view parameters);

}  // namespace holm::http

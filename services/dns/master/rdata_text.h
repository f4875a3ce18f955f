#pragma once

// The data of a record, from the words of a zone file to the wire (RFC 1035, section 5; RFC 3597, section 5
// for types that are not known and "\#").

#include <expected>
#include <span>
#include <string>

#include "services/dns/master/lexer.h"
#include "services/dns/master/name_text.h"

namespace holm::dns {

inline constexpr std::size_t kLargestData = 65'535;

// `words` are those behind the type; `end` is where a missing one would stand.
std::expected<std::string, Mistake> parse_data(std::uint16_t type, std::span<const Word> words, Place end,
                                               const WireName& origin);

}  // namespace holm::dns

#pragma once

// As much of DNS (RFC 1035) as asking a name server one question needs.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/text/values.h"

namespace holm::cli {

enum class DnsType : std::uint8_t { kA = 1, kSoa = 6 };

// One question, class IN.
std::string dns_query(std::string_view name, DnsType type);

// Whether `answer` is a reply to a query made above, without an error.
bool is_good_dns_answer(std::string_view answer);

// The first IPv4 address of the answer section, if there is one.
std::optional<Ipv4> first_dns_address(std::string_view answer);

}  // namespace holm::cli

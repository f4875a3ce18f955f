#pragma once

// The parameters of SVCB and HTTPS records (RFC 9460, section 2.1 and appendix A; RFC 9461 for dohpath).

#include <expected>
#include <span>
#include <string>

#include "services/dns/master/lexer.h"

namespace holm::dns {

// On the wire, in the order of their keys.
std::expected<std::string, Mistake> parse_service_parameters(std::span<const Word> words);

}  // namespace holm::dns

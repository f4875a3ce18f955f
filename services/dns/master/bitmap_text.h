#pragma once

// Sets of numbers, a bit each.

#include "services/dns/master/word_reader.h"

namespace holm::dns {

// Record types to the end (RFC 4034, section 4.1.2).
bool read_type_bitmap(WordReader& words);
// A protocol and ports to the end (WKS; RFC 1035, section 3.4.2).
bool read_services(WordReader& words);

}  // namespace holm::dns

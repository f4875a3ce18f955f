#pragma once

// Lists of networks (APL; RFC 3123, section 5).

#include "services/dns/master/word_reader.h"

namespace holm::dns {

// To the end; it may be empty.
bool read_prefix_list(WordReader& words);

}  // namespace holm::dns

#pragma once

// Where on earth something is (LOC; RFC 1876, section 3).

#include "services/dns/master/word_reader.h"

namespace holm::dns {

bool read_location(WordReader& words);

}  // namespace holm::dns

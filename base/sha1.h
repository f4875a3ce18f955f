#pragma once

// SHA-1 (FIPS 180-4): for formats that name it, such as NSEC3 (RFC 5155). No protection against who wants two
// messages of one digest.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace holm {

using Sha1Digest = std::array<std::uint8_t, 20>;

Sha1Digest sha1(Bytes message);

}  // namespace holm

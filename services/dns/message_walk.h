#pragma once

// Past names of a message whose text nobody needs.

#include "base/bytes.h"
#include "services/dns/protocol.h"

namespace holm::dns {

// Behind the name at `at`; 0 if it does not end in the message. Pointers are not followed.
inline std::size_t skip_name(Bytes message, std::size_t at) {
    for (;;) {
        if (at >= message.size()) return 0;
        const auto length = std::to_integer<std::size_t>(message[at]);
        if (length == 0) return at + 1;
        if (length >= 0xc0) return at + 2 <= message.size() ? at + 2 : 0;
        if (length > kMaximumLabel) return 0;
        at += 1 + length;
    }
}

}  // namespace holm::dns

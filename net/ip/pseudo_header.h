#pragma once

// The pseudo header that transport checksums cover (RFC 9293, section 3.1; RFC 768; RFC 8200, section 8.1).

#include <cstdint>

#include "base/checksum.h"
#include "net/address.h"
#include "net/ip/protocol.h"

namespace holm::net::ip {

// `length`: bytes of transport header and payload.
inline InternetChecksum pseudo_header(const IpAddress& source, const IpAddress& destination,
                                      Protocol protocol, std::size_t length) {
    InternetChecksum checksum;
    if (destination.is_v4()) {
        checksum.add_double_word(source.to_v4()).add_double_word(destination.to_v4());
    } else {
        checksum.add(std::as_bytes(std::span(source.bytes())))
            .add(std::as_bytes(std::span(destination.bytes())));
    }
    // The sum does not care how the length's and the protocol's zero padding is laid out: both families agree
    // here.
    checksum.add_double_word(std::uint32_t(length)).add_word(std::uint16_t(protocol));
    return checksum;
}

}  // namespace holm::net::ip

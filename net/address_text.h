#pragma once

// Internet addresses as people write them.

#include <optional>
#include <string_view>

#include "base/address_text.h"
#include "net/address.h"

namespace holm::net {

// "10.0.0.2", or any of the forms of RFC 4291, section 2.2, with a zone as a number behind a '%' if the
// address is of link scope. Nothing if it is neither.
std::optional<IpAddress> parse_address(std::string_view text);

// In the form that RFC 5952 recommends, the zone included: "fd00::2", "fe80::1%2", "10.0.0.2".
inline AddressText to_text(const IpAddress& address) {
    return AddressText(std::span(address.bytes()), address.zone());
}

}  // namespace holm::net

#pragma once

// A secret of this host from which an instance makes its IPv6 interface identifiers (RFC 7217): the same at
// each start, different for each device, and not to be guessed from outside.

#include <array>
#include <cstdint>
#include <string_view>

#include "tender/devices/net_request.h"

namespace holm::tender {

// Derived from /etc/machine-id, which machine-id(5) asks to keep confidential and never to use as it is, from
// the device's name, from the tap's and from the MAC address if the operator has chosen one. All zero when
// the host has no machine id.
std::array<std::uint8_t, 16> host_secret(const NetRequest& request);

// The same from the text of a machine id: 32 hexadecimal digits, perhaps with a line end; anything else is
// none.
std::array<std::uint8_t, 16> derive_host_secret(std::string_view machine_id, const NetRequest& request);

}  // namespace holm::tender

#pragma once

#include <expected>
#include <span>

#include "abi/boot_info.h"
#include "tender/devices/net_request.h"
#include "tender/text/sentence.h"

namespace holm::tender {

// Makes the device ready for the guest: opens the tap or checks the given descriptor, agrees on the
// virtio-net header and the offloads, makes it non-blocking. `random` gives the MAC address when the operator
// gave none. Fills all of `device` but its name.
std::expected<void, Sentence> open_net(const NetRequest& request, std::span<const std::uint8_t, 6> random,
                                       holm_boot_device& device);

}  // namespace holm::tender

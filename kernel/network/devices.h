#pragma once

// From the boot info to drivers and addresses.

#include <memory>

#include "abi/boot_info.h"
#include "kernel/drivers/net/net_driver.h"
#include "net/stack.h"

namespace holm {

// The driver for a network device that was granted; null when there is no memory for it, or no driver.
std::unique_ptr<drivers::NetDriver> make_net_driver(const holm_boot_info& boot,
                                                    const holm_boot_device& device);

// The addresses a device shall have: as the operator said, else as the image says.
struct NetAddresses {
    bool dhcp = false;
    net::InterfaceConfiguration interface;
    std::uint16_t vlan = 0;  // of that VLAN of the device; 0: of the device itself
    bool has_ipv6 = false;
    net::Ipv6Configuration ipv6;
    // Those that were named, IPv6 first; unspecified where there are none.
    std::array<net::IpAddress, 4> dns{};
};
NetAddresses choose_addresses(const holm_boot_device& device);

}  // namespace holm

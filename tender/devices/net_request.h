#pragma once

// What `--net NAME=SPEC` asks for. Parsing is pure; opening is in open_net.h.

#include <cstdint>
#include <expected>
#include <string_view>

#include "abi/boot_info.h"
#include "tender/text/sentence.h"

namespace holm::tender {

struct NetRequest {
    enum class Source : std::uint8_t {
        kTap,            // tapX: the name of an existing tap interface
        kTapDescriptor,  // fd:N: an already open tap
        kStream,         // stream:N: an already connected stream socket of passt
    };

    std::string_view name;  // of the device, as the image's manifest calls it
    Source source = Source::kTap;
    std::string_view interface;  // for kTap
    int descriptor = 0;          // for the other two
    bool has_mac = false;
    holm_boot_net settings{};  // mac when has_mac; mtu, 0: that of the tap; configuration and addresses
};

// Parses "lan=tap0,ip=10.0.0.2/24,gw=10.0.0.1,ip6=fd00::2/64,gw6=fd00::1,dns=10.0.0.1,mac=02:00:00:00:00:01,
// mtu=1500,vlan=10", in which everything behind the source is optional; dns may stand twice for each family,
// ip may be "dhcp" or "off", ip6 "auto", "dhcp" or "off", and vlan "off". The views point into `text`.
std::expected<NetRequest, Sentence> parse_net_request(std::string_view text);

}  // namespace holm::tender

#pragma once

// What holm.toml says about an image, checked and with the defaults filled in.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/manifest.h"
#include "cli/manifest/platforms.h"
#include "cli/settings/mistake.h"
#include "cli/text/values.h"

namespace holm::cli {

struct NetDevice {
    std::string name;
    bool optional = false;
    std::optional<Ipv4Network> address;  // none: DHCP, unless `ipv4_off`
    bool ipv4_off = false;
    std::optional<Ipv4> gateway;
    std::vector<Ipv4> dns;  // at most 2
    // "auto", "dhcp" or "off"; empty when there is a fixed address.
    std::string ipv6_way = "auto";
    std::optional<Ipv6Network> ipv6_address;
    std::optional<Ipv6> ipv6_gateway;
    std::vector<Ipv6> ipv6_dns;  // at most 2
    std::uint16_t vlan = 0;      // 1 to 4094; 0: none
};

struct BlockDevice {
    std::string name;
    bool optional = false;
    bool read_only = false;
};

// One [[files]]: what to embed, and where it appears.
struct FileRule {
    std::string from;  // file, directory or pattern, relative to the folder of holm.toml
    std::string to;    // path in the image's tree, without the leading '/'
    bool to_is_directory = false;
    Position where;
};

struct ImageDescription {
    std::string name;
    std::uint32_t platforms = kAllPlatforms;
    std::optional<std::uint32_t> shuffle_seed;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // NAME=value, sorted by name

    std::uint64_t memory_minimum = std::uint64_t{1} << 20;
    std::uint64_t memory_default = std::uint64_t{16} << 20;
    std::uint32_t stack_size = 256u << 10;

    std::vector<NetDevice> net;
    std::vector<BlockDevice> block;
    std::vector<FileRule> files;
};

}  // namespace holm::cli

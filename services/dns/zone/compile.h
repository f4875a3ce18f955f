#pragma once

// Zones and settings become the table that an image serves from (table_layout.h).

#include <expected>
#include <string>
#include <vector>

#include "services/dns/table_layout.h"
#include "services/dns/zone/zone_tree.h"

namespace holm::dns {

struct ZoneToCompile {
    ZoneTree tree;
    std::vector<table::Network> transfer;  // who may have the whole zone
    std::vector<table::Network> notify;    // who is told when the server starts
};

// What a secondary and this server both know (RFC 8945).
struct TransactionKey {
    WireName name;  // in lower case
    std::string secret;
};

struct ServerSettings {
    std::string version_text;  // "": version.bind is refused
    std::string identity;
    std::uint32_t rate = 200;
    std::uint32_t slip = 2;
    std::uint16_t udp_size = 1232;
    bool cookies = true;
    std::vector<TransactionKey> keys;
    table::Network metrics{};  // an address and a port to show counters at; port 0: none
};

// Precondition: the trees have no mistakes. The error is one sentence: the table would be too large.
std::expected<std::string, std::string> compile(std::vector<ZoneToCompile>& zones,
                                                const ServerSettings& settings);

}  // namespace holm::dns

#pragma once

// What a name server serves, and to whom: the TOML file of holm-zone (docs/dns.md).

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings/mistake.h"
#include "services/dns/table_layout.h"
#include "services/dns/zone/compile.h"

namespace holm::cli {

struct ZoneFile {
    dns::WireName name;
    std::string file;  // as it is written there
    Position where;
    std::vector<dns::table::Network> transfer;
    std::vector<dns::table::Network> notify;
};

struct ServerFile {
    dns::ServerSettings settings;
    std::vector<ZoneFile> zones;
};

std::expected<ServerFile, Mistakes> read_server_file(std::string_view text);

}  // namespace holm::cli

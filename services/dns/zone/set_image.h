#pragma once

// An RRset as it will stand in messages (table_layout.h): the bytes, and where pointers depend on the
// message.

#include <string>
#include <vector>

#include "services/dns/master/reader.h"
#include "services/dns/table_layout.h"

namespace holm::dns {

struct TargetName {
    WireName lower;
    std::uint16_t value;  // as table::Target::value
};

struct SetImage {
    std::string bytes;
    std::vector<table::Fixup> fixups;
    std::vector<TargetName> targets;  // names whose addresses are additional data, each once
};

// `apex` is the zone's name as written: names that end with exactly it point to it. `ttl` is that of all
// records.
SetImage make_image(const std::vector<const Record*>& records, std::uint32_t ttl, const WireName& apex);

}  // namespace holm::dns

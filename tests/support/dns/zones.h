#pragma once

// Zones from text, for tests: read, checked, compiled; the table keeps its alignment.

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/dns/master/reader.h"
#include "services/dns/table.h"
#include "services/dns/zone/compile.h"

namespace holm::dns {

// A table in memory, where a table may lie.
class PlacedTable {
  public:
    explicit PlacedTable(std::string_view bytes)
        : words_(new std::uint64_t[bytes.size() / 8 + 1]), size_(bytes.size()) {
        std::memcpy(words_.get(), bytes.data(), bytes.size());
    }
    MutableBytes bytes() { return {reinterpret_cast<std::byte*>(words_.get()), size_}; }

  private:
    std::unique_ptr<std::uint64_t[]> words_;
    std::size_t size_;
};

struct CompiledZones {
    std::string table;                  // empty if there are mistakes
    std::vector<std::string> mistakes;  // "example.test:3:7: what"
};

// Zone name ("example.test") and text; more files for $INCLUDE.
inline CompiledZones compile_zones(const std::vector<std::pair<std::string, std::string>>& zones,
                                   const ServerSettings& settings = {},
                                   const std::map<std::string, std::string>& files = {},
                                   const std::vector<table::Network>& transfer = {}) {
    Reader reader([&](const std::string& path) -> std::optional<std::string> {
        for (const auto& [name, text] : zones) {
            if (name == path) return text;
        }
        const auto found = files.find(path);
        return found == files.end() ? std::nullopt : std::optional(found->second);
    });
    std::vector<std::vector<Record>> records;
    records.reserve(zones.size());
    std::vector<ZoneToCompile> trees;
    for (const auto& [name, text] : zones) {
        const auto origin = parse_name(name, WireName(1, '\0'));
        const auto file = static_cast<std::uint32_t>(reader.files().size());
        const std::size_t before = reader.mistakes().size();
        records.push_back(reader.read(name, *origin));
        if (reader.mistakes().size() == before)
            trees.push_back({ZoneTree(*origin, records.back(), {file, 0, 0}, reader), transfer, {}});
    }
    CompiledZones result;
    for (const Mistake& mistake : reader.mistakes())
        result.mistakes.push_back(reader.place_text(mistake.where) + ": " + mistake.text);
    if (result.mistakes.empty()) result.table = *compile(trees, settings);
    return result;
}

// Everything that a server treats in its own way, in few lines.
inline constexpr std::string_view kSmallZone = R"($TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 604800 300
@ NS ns1
@ NS ns.elsewhere.test.
@ MX 10 Mail
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
Mail A 192.0.2.2
www CNAME mail
loop CNAME loop
out CNAME www.elsewhere.test.
renamed DNAME sub
x.sub A 192.0.2.3
*.wild TXT "wild"
*.wild MX 10 mail
child NS ns.child
ns.child A 192.0.2.4
_s._tcp SRV 1 2 3 mail
svc HTTPS 1 . alpn=h2
)";

}  // namespace holm::dns

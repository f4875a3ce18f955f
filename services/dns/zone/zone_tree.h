#pragma once

// The records of a zone by name and type, checked: what a name server could not serve, or would serve to
// nobody's use, is a mistake in the file.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/dns/master/reader.h"
#include "services/dns/table_layout.h"

namespace holm::dns {

struct RecordSet {
    std::vector<const Record*> records;
    std::vector<const Record*> signatures;  // RRSIG records that cover them
};

struct ZoneNode {
    WireName name;  // letters as written
    WireName lower;
    std::string order;  // sorts as RFC 4034, section 6.1 has it
    std::map<std::uint16_t, RecordSet> sets;
    std::uint16_t flags = 0;        // table::NodeFlag
    const ZoneNode* cut = nullptr;  // the delegation at or above, the topmost
    bool is_only_nsec3 = false;  // its name is a hash: it is not a name of the zone (RFC 5155, section 7.2.8)
    std::uint32_t offset = 0;    // in the table

    const RecordSet* find(std::uint16_t type) const {
        const auto found = sets.find(type);
        return found != sets.end() && !found->second.records.empty() ? &found->second : nullptr;
    }
};

class ZoneTree {
  public:
    // Puts the records, which must live as long, in order; mistakes go to the reader that read them.
    ZoneTree(const WireName& origin, const std::vector<Record>& records, Place where, Reader& reader);
    ZoneTree(ZoneTree&&) = default;

    const WireName& origin() const { return origin_; }
    // In canonical order; the first is the apex.
    const std::vector<std::unique_ptr<ZoneNode>>& nodes() const { return nodes_; }
    const ZoneNode* find(const WireName& lower) const;
    const Record& soa() const { return *apex().find(6)->records[0]; }
    const ZoneNode& apex() const { return *nodes_[0]; }

  private:
    ZoneNode& node(const WireName& name);
    void add(const Record& record);
    void add_ancestors();
    void find_cuts();
    void check_apex(Place where);
    void check_node(const ZoneNode& node);
    void check_set(const ZoneNode& node, std::uint16_t type, const RecordSet& set);
    void check_delegation(const ZoneNode& node);
    void check_target(const ZoneNode& node, const Record& record, std::size_t offset);
    void check_nsec3();

    WireName origin_;
    Reader& reader_;
    std::unordered_map<WireName, ZoneNode*> by_name_;
    std::vector<std::unique_ptr<ZoneNode>> nodes_;
};

}  // namespace holm::dns

#include "services/dns/zone/zone_tree.h"

#include <algorithm>
#include <format>

#include "services/dns/master/rdata_wire.h"
#include "services/dns/master/record_format.h"
#include "services/dns/protocol.h"

namespace holm::dns {

namespace {

constexpr std::size_t kMostSets = 255;       // of a name; table::Node counts them in a byte
constexpr std::size_t kLargestSet = 65'000;  // bytes: it must fit a message
constexpr std::size_t kHeadSize = 12;        // of a record in a message, in front of its data
constexpr unsigned kMostIterations = 150;    // RFC 9276, section 3.2: what resolvers still looked at

std::string canonical_order(std::string_view lower) {
    std::string key;
    const auto offsets = label_offsets(lower);
    for (std::size_t i = offsets.size(); i-- > 0;) {
        for (const char c : lower.substr(offsets[i] + 1, static_cast<std::uint8_t>(lower[offsets[i]]))) {
            // 0 ends a label, and 1 makes room for it.
            if (c == 0 || c == 1) key += '\1';
            key += static_cast<char>(c == 0 || c == 1 ? c + 1 : c);
        }
        key += '\0';
    }
    return key;
}

std::uint16_t u16_at(std::string_view data, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(data[at]) << 8 |
                                      static_cast<std::uint8_t>(data[at + 1]));
}

// Types that may stand beside a CNAME: those of DNSSEC (RFC 4034, section 2; RFC 2535 for KEY).
bool may_be_beside_alias(std::uint16_t type) {
    return type == type::kNsec || type == type::kKey || type == type::kRrsig;
}

const Record& first_of(const RecordSet& set) {
    return *(set.records.empty() ? set.signatures : set.records)[0];
}

}  // namespace

ZoneTree::ZoneTree(const WireName& origin, const std::vector<Record>& records, Place where, Reader& reader)
    : origin_(origin), reader_(reader) {
    by_name_.reserve(records.size());
    node(origin);
    for (const Record& record : records) add(record);
    add_ancestors();
    std::ranges::sort(nodes_, {}, [](const auto& one) -> const std::string& { return one->order; });
    find_cuts();
    check_apex(where);
    for (const auto& one : nodes_) check_node(*one);
    check_nsec3();
}

const ZoneNode* ZoneTree::find(const WireName& lower) const {
    const auto found = by_name_.find(lower);
    return found == by_name_.end() ? nullptr : found->second;
}

ZoneNode& ZoneTree::node(const WireName& name) {
    WireName key = lower(name);
    ZoneNode*& place = by_name_[key];
    if (place == nullptr) {
        nodes_.push_back(std::make_unique<ZoneNode>());
        place = nodes_.back().get();
        place->name = name;
        place->order = canonical_order(key);
        place->lower = std::move(key);
    }
    return *place;
}

void ZoneTree::add(const Record& record) {
    if (!is_within(lower(record.owner), lower(origin_))) {
        return reader_.mistake(
            record.where, std::format("{} is not in the zone {}", to_text(record.owner), to_text(origin_)));
    }
    ZoneNode& owner = node(record.owner);
    const bool is_signature = record.type == type::kRrsig;
    auto& set = owner.sets[is_signature ? u16_at(record.data, 0) : record.type];
    (is_signature ? set.signatures : set.records).push_back(&record);
}

// Names that have names below them exist, without records (RFC 4592, section 2.2.2).
void ZoneTree::add_ancestors() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i]->lower.size() <= origin_.size()) continue;
        node(WireName(parent(nodes_[i]->name)));
    }
}

void ZoneTree::find_cuts() {
    nodes_[0]->flags |= table::kApex;
    const ZoneNode* cut = nullptr;
    const ZoneNode* renamed = nullptr;
    for (const auto& one : nodes_) {
        ZoneNode& node = *one;
        if (node.find(type::kCname) != nullptr) node.flags |= table::kAlias;
        if (node.find(type::kDname) != nullptr) node.flags |= table::kDname;
        node.is_only_nsec3 = node.sets.size() == 1 && node.find(type::kNsec3) != nullptr;
        // What is below a name follows it at once.
        if (cut != nullptr && !is_within(node.lower, cut->lower)) cut = nullptr;
        if (renamed != nullptr && !is_within(node.lower, renamed->lower)) renamed = nullptr;
        if (cut != nullptr) {
            node.flags |= table::kOccluded;
        } else if (&node != nodes_[0].get() && node.find(type::kNs) != nullptr) {
            node.flags |= table::kDelegation;
            cut = &node;
        }
        node.cut = cut;
        if (renamed != nullptr && !node.sets.empty() && !node.is_only_nsec3) {
            reader_.mistake(
                first_of(node.sets.begin()->second).where,
                std::format("{} is below {}, which has a DNAME record: all names below it are elsewhere "
                            "(RFC 6672, section 2.4)",
                            to_text(node.name), to_text(renamed->name)));
        } else if (renamed == nullptr && (node.flags & table::kDname) != 0) {
            renamed = &node;
        }
    }
}

void ZoneTree::check_apex(Place where) {
    const RecordSet* soa = apex().find(type::kSoa);
    if (soa == nullptr) {
        reader_.mistake(where, std::format("the zone {} has no SOA record", to_text(origin_)));
    } else if (soa->records.size() > 1) {
        reader_.mistake(soa->records[1]->where, "a second SOA record; a zone has one");
    }
    if (apex().find(type::kNs) == nullptr)
        reader_.mistake(where,
                        std::format("the zone {} has no NS record for its own name", to_text(origin_)));
    if (apex().find(type::kCname) != nullptr) return;  // is said with the others
    for (const auto& node : nodes_) {
        const RecordSet* other = node.get() != nodes_[0].get() ? node->find(type::kSoa) : nullptr;
        if (other != nullptr) {
            reader_.mistake(other->records[0]->where,
                            std::format("an SOA record for {}; allowed: for the zone's own name, {}",
                                        to_text(node->name), to_text(origin_)));
        }
    }
}

void ZoneTree::check_node(const ZoneNode& node) {
    if (node.sets.size() > kMostSets) {
        reader_.mistake(first_of(node.sets.begin()->second).where,
                        std::format("{} has records of {} types; allowed: {}", to_text(node.name),
                                    node.sets.size(), kMostSets));
    }
    if (const RecordSet* alias = node.find(type::kCname)) {
        for (const auto& [type, set] : node.sets) {
            if (type == type::kCname || may_be_beside_alias(type) || set.records.empty()) continue;
            const Place first = alias->records[0]->where;
            reader_.mistake(
                set.records[0]->where,
                std::format("{} has a CNAME record (line {}) and other data, {}: an alias has nothing else "
                            "(RFC 1034, section 3.6.2)",
                            to_text(node.name), first.line, type_text(type)));
            break;
        }
    }
    for (const auto& [type, set] : node.sets) check_set(node, type, set);
    if ((node.flags & table::kDelegation) != 0) check_delegation(node);
    if ((node.flags & (table::kDelegation | table::kOccluded)) == 0) {
        if (const RecordSet* servers = node.find(type::kNs)) {
            for (const Record* record : servers->records) check_target(node, *record, 0);
        }
    }
}

void ZoneTree::check_set(const ZoneNode& node, std::uint16_t type, const RecordSet& set) {
    const std::string what = std::format("{} {}", to_text(node.name), type_text(type));
    std::size_t signatures_size = 0;
    for (const Record* record : set.signatures) signatures_size += kHeadSize + record->data.size();
    if (signatures_size > kLargestSet) {
        reader_.mistake(set.signatures[0]->where,
                        std::format("{}: the signatures are {} bytes long; allowed: {}", what,
                                    signatures_size, kLargestSet));
    }
    if (set.records.empty()) {
        if ((node.flags & table::kOccluded) == 0) {
            reader_.mistake(set.signatures[0]->where,
                            std::format("a signature of {}, and there are no such records", what));
        }
        return;
    }
    if ((type == type::kCname || type == type::kDname) && set.records.size() > 1)
        reader_.mistake(set.records[1]->where,
                        std::format("a second {} record; a name has one", type_text(type)));
    if (type == type::kDs && (node.flags & (table::kDelegation | table::kOccluded)) == 0) {
        reader_.mistake(
            set.records[0]->where,
            std::format("{}: DS records belong to a delegation, and there are no NS records", what));
    }
    std::size_t size = 0;
    std::vector<const Record*> sorted;
    for (const Record* record : set.records) {
        size += kHeadSize + record->data.size();
        if (record->ttl != set.records[0]->ttl) {
            return reader_.mistake(
                record->where,
                std::format("{} with a TTL of {}, and with {} in line {}: the records of one name and "
                            "type have one TTL (RFC 2181, section 5.2)",
                            what, record->ttl, set.records[0]->ttl, set.records[0]->where.line));
        }
        sorted.push_back(record);
    }
    std::ranges::stable_sort(sorted, {},
                             [](const Record* record) -> const std::string& { return record->data; });
    const auto same =
        std::ranges::adjacent_find(sorted, {}, [](const Record* r) -> const std::string& { return r->data; });
    if (same != sorted.end()) {
        return reader_.mistake((*(same + 1))->where, std::format("{}: the same record is in line {} already",
                                                                 what, (*same)->where.line));
    }
    if (size > kLargestSet) {
        reader_.mistake(set.records[0]->where, std::format("{}: the records are {} bytes long; allowed: {}",
                                                           what, size, kLargestSet));
    }
}

// The addresses of name servers below the delegation are found nowhere else (RFC 1034, section 4.2.1).
void ZoneTree::check_delegation(const ZoneNode& node) {
    for (const Record* record : node.find(type::kNs)->records) {
        const WireName target = lower(record->data);
        if (!is_within(target, node.lower)) continue;
        const ZoneNode* glue = find(target);
        if (glue != nullptr && (glue->find(type::kA) != nullptr || glue->find(type::kAaaa) != nullptr))
            continue;
        reader_.mistake(record->where,
                        std::format("the name server {} is below the delegation, and there is no A or AAAA "
                                    "record for it (glue)",
                                    to_text(record->data)));
    }
}

// A name server of the zone's own must exist, and be no alias (RFC 2181, section 10.3).
void ZoneTree::check_target(const ZoneNode&, const Record& record, std::size_t offset) {
    const WireName target = lower(record.data.substr(offset));
    if (!is_within(target, lower(origin_))) return;
    const ZoneNode* node = find(target);
    if (node != nullptr && node->cut != nullptr) return;
    if (node != nullptr && node->find(type::kCname) != nullptr) {
        reader_.mistake(record.where,
                        std::format("{} is an alias; a name server is named by its own name (RFC 2181, "
                                    "section 10.3)",
                                    to_text(record.data)));
    } else if (node == nullptr || (node->find(type::kA) == nullptr && node->find(type::kAaaa) == nullptr)) {
        for (std::string_view above = target; above.size() >= origin_.size() && above.size() > 1;
             above = parent(above)) {
            const ZoneNode* covering = find("\1*" + WireName(above));
            if (covering != nullptr) return;  // a wildcard may stand for it
            const ZoneNode* cut = find(WireName(above));
            if (cut != nullptr && cut->cut != nullptr) return;
        }
        reader_.mistake(record.where,
                        std::format("the name server {} is in the zone, and has neither an A nor an AAAA "
                                    "record",
                                    to_text(record.data)));
    }
}

void ZoneTree::check_nsec3() {
    const RecordSet* parameters = apex().find(type::kNsec3param);
    if (parameters == nullptr) return;
    for (const Record* record : parameters->records) {
        const unsigned iterations = u16_at(record->data, 2);
        if (record->data[0] != 1)
            reader_.mistake(record->where, "NSEC3 with a hash other than SHA-1 (1); there is no other");
        if (iterations > kMostIterations) {
            reader_.mistake(record->where,
                            std::format("NSEC3 with {} iterations; allowed: {} (RFC 9276 recommends 0)",
                                        iterations, kMostIterations));
        }
    }
}

}  // namespace holm::dns

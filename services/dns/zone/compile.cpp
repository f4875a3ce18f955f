#include "services/dns/zone/compile.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "services/dns/master/rdata_wire.h"
#include "services/dns/master/text_encodings.h"
#include "services/dns/name_key.h"
#include "services/dns/protocol.h"
#include "services/dns/zone/set_image.h"

namespace holm::dns {

using namespace table;

namespace {

// What is added about the names in records (AnswerMaker::add_additional).
constexpr std::uint16_t kAdditional[] = {type::kA, type::kAaaa, type::kSvcb, type::kHttps};

// Seven of eight slots at most are taken, so that searches are short.
std::uint32_t slots_for(std::size_t names) {
    return static_cast<std::uint32_t>(names + names / 4 + 1);
}

std::uint32_t u32_at(std::string_view data, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<std::uint8_t>(data[at + i]);
    return number;
}

std::uint32_t soa_field_from_end(const Record& soa, std::size_t back) {
    return u32_at(soa.data, soa.data.size() - back);
}

class TableWriter {
  public:
    std::expected<std::string, std::string> write(std::vector<ZoneToCompile>& zones,
                                                  const ServerSettings& settings) {
        reserve(sizeof(Header), 8);
        Header header{};
        std::memcpy(header.magic, kMagic, sizeof(kMagic));
        header.version = kVersion;
        header.rate = settings.rate;
        header.slip = settings.slip;
        header.udp_size = settings.udp_size;
        header.flags = settings.cookies ? HeaderFlag::kCookies : 0;
        header.metrics = settings.metrics;
        header.version_text = text(settings.version_text);
        header.identity = text(settings.identity);
        std::vector<Key> keys;
        for (const TransactionKey& key : settings.keys) keys.push_back({text(key.name), text(key.secret)});
        header.keys = array(keys);
        header.zones = {reserve(zones.size() * sizeof(Zone), 8), static_cast<std::uint32_t>(zones.size())};
        std::vector<std::pair<WireName, std::uint32_t>> names;
        for (std::size_t i = 0; i < zones.size(); ++i) {
            const auto at = header.zones.offset + static_cast<std::uint32_t>(i * sizeof(Zone));
            put(at, zone(zones[i]));
            const WireName name = lower(zones[i].tree.origin());
            header.most_labels =
                std::max(header.most_labels, static_cast<std::uint32_t>(label_offsets(name).size()));
            names.emplace_back(name, static_cast<std::uint32_t>(i + 1));
        }
        header.zone_slots = slots(names);
        header.size = bytes_.size();
        if (bytes_.size() > kLargest) return std::unexpected("the zones need a table of more than 4 GiB");
        put(0, header);
        return std::move(bytes_);
    }

  private:
    std::uint32_t reserve(std::size_t size, std::size_t alignment) {
        bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
        const auto offset = static_cast<std::uint32_t>(bytes_.size());
        bytes_.resize(bytes_.size() + size);
        return offset;
    }
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    void put(std::size_t offset, const T& value) {
        std::memcpy(bytes_.data() + offset, &value, sizeof(value));
    }
    template <typename T>
    Array array(const std::vector<T>& elements) {
        const std::uint32_t offset = reserve(elements.size() * sizeof(T), alignof(T));
        if (!elements.empty())
            std::memcpy(bytes_.data() + offset, elements.data(), elements.size() * sizeof(T));
        return {offset, static_cast<std::uint32_t>(elements.size())};
    }
    Text text(std::string_view value) {
        const std::uint32_t offset = reserve(value.size(), 1);
        std::copy(value.begin(), value.end(), bytes_.begin() + offset);
        return {offset, static_cast<std::uint32_t>(value.size())};
    }

    Array slots(const std::vector<std::pair<WireName, std::uint32_t>>& names) {
        std::vector<Slot> all(slots_for(names.size()));
        NameKey key;
        for (const auto& [name, target] : names) {
            key.assign(as_bytes(name));
            const std::uint64_t hash = key.hash(0);
            std::size_t at = first_slot(hash, static_cast<std::uint32_t>(all.size()));
            while (all[at].target != 0) at = (at + 1) % all.size();
            all[at] = {slot_tag(hash), target};
        }
        return array(all);
    }

    Zone zone(ZoneToCompile& source) {
        const ZoneTree& tree = source.tree;
        const std::size_t first_reference = references_.size();
        for (const auto& node : tree.nodes()) write_node(tree, *node);
        for (std::size_t i = first_reference; i < references_.size(); ++i)
            put(references_[i].at, references_[i].node->offset);
        references_.clear();

        Zone zone{};
        zone.apex = tree.apex().offset;
        zone.serial = soa_field_from_end(tree.soa(), 20);
        const RecordSet& soa = *tree.apex().find(type::kSoa);
        // RFC 2308, section 3: the TTL of an SOA record that says what is not there.
        const std::uint32_t negative = std::min(tree.soa().ttl, soa_field_from_end(tree.soa(), 4));
        zone.soa = reserve(sizeof(SetReference), alignof(SetReference));
        put(zone.soa, sets(tree, type::kSoa, soa, tree.soa().ttl, nullptr));
        zone.negative_soa = reserve(sizeof(SetReference), alignof(SetReference));
        put(zone.negative_soa, sets(tree, type::kSoa, soa, negative, nullptr));

        std::vector<std::pair<WireName, std::uint32_t>> names;
        std::vector<std::uint32_t> order;
        for (const auto& node : tree.nodes()) {
            order.push_back(node->offset);
            if (!node->is_only_nsec3) names.emplace_back(node->lower, node->offset);
        }
        zone.slots = slots(names);
        zone.order = array(order);
        denial(tree, zone);
        if (!soa.signatures.empty()) zone.flags |= kSigned;
        zone.transfer = array(source.transfer);
        zone.notify = array(source.notify);
        return zone;
    }

    void denial(const ZoneTree& tree, Zone& zone) {
        const RecordSet* parameters = tree.apex().find(type::kNsec3param);
        if (parameters != nullptr) {
            const std::string& data = parameters->records[0]->data;  // algorithm, flags, iterations, salt
            const std::string_view chain = std::string_view(data).substr(2);
            std::vector<Nsec3> hashes;
            for (const auto& node : tree.nodes()) {
                const RecordSet* set = node->find(type::kNsec3);
                if (set == nullptr || !std::string_view(set->records[0]->data).substr(2).starts_with(chain))
                    continue;
                const auto hash =
                    parse_base32hex(node->lower.substr(1, static_cast<std::uint8_t>(node->lower[0])));
                if (!hash || hash->size() != kNsec3HashSize) continue;
                Nsec3 entry{};
                std::memcpy(entry.hash, hash->data(), kNsec3HashSize);
                entry.node = node->offset;
                hashes.push_back(entry);
            }
            std::ranges::sort(hashes, [](const Nsec3& left, const Nsec3& right) {
                return std::memcmp(left.hash, right.hash, kNsec3HashSize) < 0;
            });
            if (hashes.empty()) return;
            zone.denial = array(hashes);
            zone.iterations = static_cast<std::uint16_t>(static_cast<std::uint8_t>(chain[0]) << 8 |
                                                         static_cast<std::uint8_t>(chain[1]));
            zone.salt = text(chain.substr(3));
            zone.flags |= kNsec3;
        } else if (tree.apex().find(type::kNsec) != nullptr) {
            std::vector<std::uint32_t> order;
            for (const auto& node : tree.nodes()) {
                if (node->find(type::kNsec) != nullptr && (node->flags & kOccluded) == 0)
                    order.push_back(node->offset);
            }
            zone.denial = array(order);
            zone.flags |= kNsec;
        }
    }

    void write_node(const ZoneTree& tree, ZoneNode& node) {
        const std::size_t padded = (node.name.size() + 7) / 8 * 8;
        node.offset = reserve(sizeof(Node) + padded + node.sets.size() * sizeof(SetReference), 8);
        const std::uint32_t at = node.offset;
        Node image{};
        image.flags = node.flags;
        image.name_size = static_cast<std::uint8_t>(node.name.size());
        image.set_count = static_cast<std::uint8_t>(node.sets.size());
        put(at, image);
        if (node.cut != nullptr) references_.push_back({at + offsetof(Node, cut), node.cut});
        if (const ZoneNode* wildcard = tree.find("\1*" + node.lower))
            references_.push_back({at + offsetof(Node, wildcard), wildcard});
        std::copy(node.name.begin(), node.name.end(), bytes_.begin() + at + sizeof(Node));
        std::size_t place = at + sizeof(Node) + padded;
        for (const auto& [type, set] : node.sets) {
            const std::uint32_t ttl = set.records.empty() ? set.signatures[0]->ttl : set.records[0]->ttl;
            put(place, sets(tree, type, set, ttl, &node));
            place += sizeof(SetReference);
        }
    }

    SetReference sets(const ZoneTree& tree, std::uint16_t type, const RecordSet& set, std::uint32_t ttl,
                      const ZoneNode* owner) {
        SetReference reference{type, 0, 0, 0};
        if (!set.records.empty())
            reference.set = write_set(tree, make_image(set.records, ttl, tree.origin()), owner);
        if (!set.signatures.empty())
            reference.signatures = write_set(tree, make_image(set.signatures, ttl, tree.origin()), nullptr);
        return reference;
    }

    // `owner`: of targets below it their addresses are required, if it is a delegation.
    std::uint32_t write_set(const ZoneTree& tree, const SetImage& image, const ZoneNode* owner) {
        std::vector<std::pair<const ZoneNode*, std::uint16_t>> targets;
        for (const TargetName& one : image.targets) {
            const ZoneNode* node = tree.find(one.lower);
            if (node != nullptr && std::ranges::any_of(kAdditional, [&](std::uint16_t type) {
                    return node->find(type) != nullptr;
                }))
                targets.emplace_back(node, one.value);
        }
        std::size_t records = 0;
        for (std::size_t at = 0; at < image.bytes.size(); ++records)
            at += 12 + (std::size_t{static_cast<std::uint8_t>(image.bytes[at + 10])} << 8 |
                        static_cast<std::uint8_t>(image.bytes[at + 11]));
        const std::uint32_t offset = reserve(sizeof(Set) + targets.size() * sizeof(Target) +
                                                 image.fixups.size() * sizeof(Fixup) + image.bytes.size(),
                                             4);
        put(offset,
            Set{static_cast<std::uint16_t>(records), static_cast<std::uint16_t>(image.fixups.size()),
                static_cast<std::uint32_t>(targets.size()), static_cast<std::uint32_t>(image.bytes.size())});
        std::size_t at = offset + sizeof(Set);
        for (const auto& [node, value] : targets) {
            const bool required =
                owner != nullptr && (owner->flags & kDelegation) != 0 && is_within(node->lower, owner->lower);
            put(at, Target{0, value, static_cast<std::uint16_t>(required)});
            references_.push_back({at + offsetof(Target, node), node});
            at += sizeof(Target);
        }
        for (const Fixup& fixup : image.fixups) {
            put(at, fixup);
            at += sizeof(Fixup);
        }
        std::copy(image.bytes.begin(), image.bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
        return offset;
    }

    struct Reference {
        std::size_t at;
        const ZoneNode* node;
    };
    std::string bytes_;
    std::vector<Reference> references_;
};

}  // namespace

std::expected<std::string, std::string> compile(std::vector<ZoneToCompile>& zones,
                                                const ServerSettings& settings) {
    return TableWriter().write(zones, settings);
}

}  // namespace holm::dns

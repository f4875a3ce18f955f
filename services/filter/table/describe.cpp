#include "services/filter/table/describe.h"

#include <format>
#include <span>

#include "base/address_text.h"
#include "services/filter/table/field_names.h"

namespace holm::filter {

namespace {

constexpr std::string_view kHookNames[] = {"prerouting", "input", "forward", "output", "postrouting"};
constexpr std::string_view kTypeNames[] = {"filter", "nat", "route"};
constexpr std::string_view kFamilyNames[] = {"inet", "", "ip", "", "", "", "", "", "", "", "ip6"};

std::string ipv4_text(std::uint32_t address) {
    const std::array<std::uint8_t, 4> bytes{std::uint8_t(address >> 24), std::uint8_t(address >> 16),
                                            std::uint8_t(address >> 8), std::uint8_t(address)};
    return std::string(AddressText(bytes).view());
}

std::string address_text(std::uint8_t family, const std::array<std::uint8_t, 16>& bytes) {
    if (family != 4) return std::string(AddressText(std::span<const std::uint8_t, 16>(bytes)).view());
    return std::string(AddressText(std::span(bytes).first<4>()).view());
}

std::string interface_text(const Table& table, std::uint64_t number) {
    if (number == 0) return "none";
    if (number > table.interfaces().size()) return std::format("{}", number);
    return std::format("\"{}\"", table.string(table.interfaces()[std::size_t(number - 1)].name));
}

// Names of the bits of a field that has some: states, or interfaces whose names begin so.
std::string bits_text(const Table& table, Field field, std::uint64_t mask) {
    std::string text;
    const auto add = [&](std::string_view name) { text += (text.empty() ? "" : ",") + std::string(name); };
    if (field == Field::kCtState) {
        constexpr std::pair<std::uint32_t, std::string_view> kStates[] = {{kStateInvalid, "invalid"},
                                                                          {kStateEstablished, "established"},
                                                                          {kStateRelated, "related"},
                                                                          {kStateNew, "new"},
                                                                          {kStateUntracked, "untracked"}};
        for (const auto& [bit, name] : kStates)
            if ((mask & bit) != 0) add(name);
    } else if (field == Field::kMetaIifNames || field == Field::kMetaOifNames) {
        std::size_t bit = 0;
        for (const InterfaceName& name : table.interfaces())
            if (name.is_pattern != 0 && (mask >> bit++ & 1) != 0)
                add(std::format("\"{}*\"", table.string(name.name)));
    }
    return text;
}

std::string value_text(const Table& table, Field field, std::uint64_t value) {
    switch (field) {
        case Field::kIpSource:
        case Field::kIpDestination:
            return ipv4_text(std::uint32_t(value));
        case Field::kMetaIif:
        case Field::kMetaOif:
            return interface_text(table, value);
        default:
            return std::format("{}", value);
    }
}

std::string nat_text(const NatEntry& entry) {
    std::string text;
    if (entry.has_address != 0) {
        text = address_text(entry.family, entry.address_low);
        if (entry.address_low != entry.address_high)
            text += "-" + address_text(entry.family, entry.address_high);
        if (entry.family == 6 && entry.has_port != 0) text = "[" + text + "]";
    }
    if (entry.has_port != 0) {
        text += std::format(":{}", entry.port_low);
        if (entry.port_high != entry.port_low) text += std::format("-{}", entry.port_high);
    }
    if (!text.empty()) text = " to " + text;
    return text + (entry.random != 0 ? " random" : "") + (entry.persistent != 0 ? " persistent" : "");
}

std::string reject_text(const RejectEntry& entry) {
    if (entry.tcp_reset != 0) return "reject with tcp reset";
    return std::format("reject with icmp code {}, icmpv6 code {}", entry.icmp_code, entry.icmpv6_code);
}

std::string set_text(const Table& table, std::uint32_t number) {
    constexpr std::string_view kKinds[] = {"sorted", "sorted, 16 bytes", "hash", "list"};
    const Set& set = table.sets()[number];
    std::string text;
    for (std::size_t i = 0; i < set.fields; ++i)
        text += (i > 0 ? " . " : "") + std::string(field_name(set.key[i]));
    const std::string_view name = table.string(set.name);
    return text +
           std::format(" in {}{}{} elements, {}", name.empty() ? "{ " : "@", name,
                       name.empty() ? std::format("{} }}", set.elements) : std::format(": {}", set.elements),
                       kKinds[std::size_t(set.kind)]);
}

std::string compare_text(const Table& table, const Operation& operation) {
    const std::string field(field_name(operation.field));
    const std::string_view no = operation.negate != 0 ? "!= " : "";
    if (operation.code == Code::kCompareWide) {
        const auto constant = [&](std::uint32_t at) {
            return address_text(6, table.constants()[operation.index + at].bytes);
        };
        const std::string low = constant(0), high = constant(1), mask = constant(2);
        return field + (mask == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" ? "" : " & " + mask) + " " +
               std::string(no) + (low == high ? low : low + "-" + high);
    }
    // Some of the bits, or none of them.
    if (operation.low == 0 && operation.high == 0 && operation.mask != field_mask(operation.field)) {
        const std::string bits = bits_text(table, operation.field, operation.mask);
        if (!bits.empty()) return field + (operation.negate != 0 ? " " : " none of ") + bits;
    }
    const std::string mask =
        operation.mask == field_mask(operation.field) || operation.mask == ~std::uint64_t{0}
            ? ""
            : std::format(" & {:#x}", operation.mask);
    const std::string range = operation.low == operation.high
                                  ? value_text(table, operation.field, operation.low)
                                  : value_text(table, operation.field, operation.low) + "-" +
                                        value_text(table, operation.field, operation.high);
    return field + mask + " " + std::string(no) + range;
}

std::string operation_text(const Table& table, const Operation& operation) {
    switch (operation.code) {
        case Code::kCompare:
        case Code::kCompareWide:
            return compare_text(table, operation);
        case Code::kMember:
            return (operation.negate != 0 ? "not " : "") + set_text(table, operation.index);
        case Code::kDispatch:
            return "look up " + set_text(table, operation.index);
        case Code::kLimit: {
            const LimitEntry& limit = table.limits()[operation.index];
            return std::format("limit {}{}{} in {} s, burst {}", limit.over != 0 ? "over " : "", limit.rate,
                               limit.by_bytes != 0 ? " bytes" : "", limit.nanoseconds / 1'000'000'000,
                               limit.burst);
        }
        case Code::kCount: {
            const CounterEntry& counter = table.counters()[operation.index];
            return std::format("count [{}]  # {}:{}: {}", operation.index, table.string(counter.file),
                               counter.line, table.string(counter.text));
        }
        case Code::kLog:
            return std::format("log \"{}\"", table.string(table.logs()[operation.index].prefix));
        case Code::kSetMark:
        case Code::kSetCtMark: {
            const std::string target = operation.code == Code::kSetMark ? "meta mark = " : "ct mark = ";
            if (operation.index != kNoSet) return target + set_text(table, operation.index);
            if (operation.field == Field::kNone) return target + std::format("{:#x}", operation.low);
            return target + std::format("{} & {:#x} ^ {:#x}", field_name(operation.field), operation.mask,
                                        operation.low);
        }
        case Code::kNotrack:
            return "notrack";
        case Code::kAccept:
            return "accept";
        case Code::kDrop:
            return "drop";
        case Code::kReject:
            return reject_text(table.rejections()[operation.index]);
        case Code::kJump:
        case Code::kGoto:
            return std::format("{} {}", operation.code == Code::kJump ? "jump" : "goto",
                               table.string(table.chains()[operation.index].name));
        case Code::kReturn:
            return "return";
        case Code::kNat: {
            constexpr std::string_view kKinds[] = {"snat", "dnat", "masquerade", "redirect"};
            const NatEntry& entry = table.translations()[operation.index];
            return std::string(kKinds[std::size_t(entry.kind)]) +
                   (entry.map != kNoSet ? " to " + set_text(table, entry.map) : nat_text(entry));
        }
        case Code::kNext:
        case Code::kCount_:
            break;
    }
    return {};
}

}  // namespace

std::string describe(const Table& table) {
    std::string text =
        std::format("{} rules, {} of them found by lookups; {} operations, {} sets, {} counters, {} bytes\n",
                    table.rules(), table.merged_rules(), table.operations().size(), table.sets().size(),
                    table.counters().size(), table.size());
    // Long lists of rules that have become one lookup are cut short: the lookup says how many they are.
    constexpr std::uint32_t kShown = 400;
    constexpr std::size_t kText = 1U << 20U;  // bytes
    for (const Chain& chain : table.chains()) {
        text +=
            std::format("\nchain {} {}", kFamilyNames[std::size_t(chain.family)], table.string(chain.name));
        if (chain.hook != Hook::kNone)
            text += std::format(": type {} hook {} priority {}", kTypeNames[std::size_t(chain.type)],
                                kHookNames[std::size_t(chain.hook)], chain.priority);
        text += "\n";
        for (std::uint32_t at = chain.begin; at < chain.end; ++at) {
            if (at - chain.begin == kShown || text.size() > kText) {
                text += std::format("  … {} more\n", chain.end - at);
                break;
            }
            const Operation& operation = table.operations()[at];
            const std::string what = operation_text(table, operation);
            const std::string next = operation.next != 0 ? std::format("  else {}", operation.next) : "";
            const bool tests = operation.code == Code::kCompare || operation.code == Code::kCompareWide ||
                               operation.code == Code::kMember || operation.code == Code::kDispatch ||
                               operation.code == Code::kLimit;
            if (operation.code == Code::kNext)
                text += std::format("  {:5} go to {}\n", at, operation.next);
            else
                text += std::format("  {:5} {}{}\n", at, what, tests ? next : "");
        }
    }
    return text;
}

}  // namespace holm::filter

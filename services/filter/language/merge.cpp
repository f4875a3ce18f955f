#include "services/filter/language/merge.h"

#include <algorithm>
#include <map>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

constexpr std::size_t kWorthwhile = 3;  // rules

bool can_differ(const Match& match) {
    if (match.negate || match.set.named || match.set.elements.empty()) return false;
    return std::ranges::all_of(match.key, [](const KeyPart& part) {
        switch (part.field) {
            // A rule's rest may change these, or they are bits.
            case Field::kMetaMark:
            case Field::kCtMark:
            case Field::kCtState:
            case Field::kCtStatus:
            case Field::kCtDirection:
            case Field::kMetaIifNames:
            case Field::kMetaOifNames:
                return false;
            default:
                return part.mask == ones(field_size(part.field) * 8U);
        }
    });
}

bool same_elements(const Match& a, const Match& b) {
    if (a.set.named != b.set.named || a.set.elements.size() != b.set.elements.size()) return false;
    for (std::size_t i = 0; i < a.set.elements.size(); ++i)
        if (a.set.elements[i].key != b.set.elements[i].key) return false;
    return true;
}

const Match& match_at(const Rule& rule, std::size_t place) {
    return std::get<Match>(rule.items[place]);
}

bool same_shape(const Rule& a, const Rule& b, std::size_t matches) {
    if (leading_matches(b) != matches) return false;
    for (std::size_t i = 0; i < matches; ++i)
        if (match_at(a, i).key != match_at(b, i).key || match_at(a, i).negate != match_at(b, i).negate)
            return false;
    return true;
}

std::vector<std::size_t> differences(const Rule& a, const Rule& b, std::size_t matches) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < matches; ++i)
        if (!same_elements(match_at(a, i), match_at(b, i))) places.push_back(i);
    return places;
}

// Whether a packet that has met the matches never goes on to the next rule.
bool is_final(const Rule& rule, std::size_t matches, bool inet) {
    for (std::size_t i = matches; i < rule.items.size(); ++i) {
        const Item& item = rule.items[i];
        if (const auto* end = std::get_if<Final>(&item))
            return end->verdict.code != Code::kNext && end->verdict.code != Code::kJump;
        if (const auto* reject = std::get_if<Reject>(&item))
            return reject->family == 0 && reject->entry.tcp_reset == 0;
        if (const auto* translate = std::get_if<Translate>(&item))
            return !translate->map && (!inet || translate->entry.family == 0);
        if (const auto* mark = std::get_if<SetMark>(&item); mark != nullptr && mark->map) return false;
        if (std::holds_alternative<Match>(item) || std::holds_alternative<Dispatch>(item) ||
            std::holds_alternative<Limit>(item))
            return false;
    }
    return false;
}

bool is_exact(const std::vector<Range>& key) {
    return std::ranges::all_of(key, [](const Range& range) { return range.low == range.high; });
}

// Who has which values of a single field.
class Ranges {
  public:
    struct Owner {
        Number high;
        std::size_t rule;
        bool final;
    };

    // Whether a rule may have these values, as far as they are free.
    bool allows(const Range& range, std::size_t rule) const {
        bool allowed = true;
        visit(range, [&](const Range&, const Owner* owner) {
            allowed = allowed && (owner == nullptr || owner->final || owner->rule == rule);
        });
        return allowed;
    }
    void claim(const Range& range, std::size_t rule, bool final, std::vector<Claim>& claims) {
        std::vector<Range> free;
        visit(range, [&](const Range& part, const Owner* owner) {
            if (owner == nullptr) free.push_back(part);
        });
        for (const Range& part : free) {
            owners_[part.low] = {part.high, rule, final};
            claims.push_back({{part}, rule});
        }
    }

  private:
    // Calls with each part of the range that one rule or none has.
    template <typename Visit>
    void visit(const Range& range, Visit visitor) const {
        Number at = range.low;
        auto next = owners_.upper_bound(at);
        if (next != owners_.begin() && std::prev(next)->second.high >= at) --next;
        for (;;) {
            if (next == owners_.end() || next->first > range.high) {
                visitor(Range{at, range.high}, nullptr);
                return;
            }
            if (next->first > at) visitor(Range{at, next->first - 1}, nullptr);
            const Number high = std::min(next->second.high, range.high);
            visitor(Range{std::max(at, next->first), high}, &next->second);
            if (high == range.high) return;
            at = high + 1;
            ++next;
        }
    }

    std::map<Number, Owner> owners_;
};

using Exact = std::map<std::vector<Number>, bool>;  // key, whether its rule is final

std::vector<Number> exact_key(const Rule& rule, const Group& group) {
    std::vector<Number> key;
    for (const std::size_t place : group.differ)
        for (const Range& range : match_at(rule, place).set.elements[0].key) key.push_back(range.low);
    return key;
}

// A key of several fields: every rule has one value of each.
bool take_exact(const Rule& rule, std::size_t number, Group& group, Exact& seen, bool final) {
    for (const std::size_t place : group.differ) {
        const auto& elements = match_at(rule, place).set.elements;
        if (elements.size() != 1 || !is_exact(elements[0].key)) return false;
    }
    const auto key = exact_key(rule, group);
    const auto [entry, is_new] = seen.try_emplace(key, final);
    if (!is_new) return entry->second;  // claimed for good: the later rule is never reached with it
    Claim claim{{}, number};
    for (const Number value : key) claim.key.push_back({value, value});
    group.claims.push_back(std::move(claim));
    return true;
}

bool take_ranges(const Rule& rule, std::size_t number, Group& group, Ranges& ranges, bool final) {
    const auto& elements = match_at(rule, group.differ[0]).set.elements;
    for (const Element& element : elements)
        if (!ranges.allows(element.key[0], number)) return false;
    for (const Element& element : elements) ranges.claim(element.key[0], number, final, group.claims);
    return true;
}

}  // namespace

std::size_t leading_matches(const Rule& rule) {
    std::size_t count = 0;
    while (count < rule.items.size() && std::holds_alternative<Match>(rule.items[count])) ++count;
    return count;
}

Group find_group(std::span<const Rule> rules, bool inet) {
    Group group;
    group.matches = leading_matches(rules[0]);
    if (rules.size() < kWorthwhile || group.matches == 0 || !same_shape(rules[0], rules[1], group.matches))
        return group;
    group.differ = differences(rules[0], rules[1], group.matches);
    if (group.differ.empty()) return group;
    std::size_t size = 0;
    for (const std::size_t place : group.differ)
        for (const KeyPart& part : match_at(rules[0], place).key) {
            group.key.push_back(part);
            size += field_size(part.field);
        }
    if (group.key.size() > kKeyFields || size > kKeyBytes) return group;

    Ranges ranges;
    Exact exact;
    std::size_t taken = 0;
    for (; taken < rules.size(); ++taken) {
        const Rule& rule = rules[taken];
        if (!same_shape(rules[0], rule, group.matches)) break;
        if (!std::ranges::all_of(group.differ,
                                 [&](std::size_t place) { return can_differ(match_at(rule, place)); }))
            break;
        if (taken > 0 && !std::ranges::includes(group.differ, differences(rules[0], rule, group.matches)))
            break;
        const bool final = is_final(rule, group.matches, inet);
        if (group.key.size() == 1 ? !take_ranges(rule, taken, group, ranges, final)
                                  : !take_exact(rule, taken, group, exact, final))
            break;
    }
    if (taken < kWorthwhile) return Group{.matches = group.matches, .differ = {}, .key = {}, .claims = {}};
    group.size = taken;
    return group;
}

}  // namespace holm::filter::language

// Jumps that go round, and translations where none can be.

#include <algorithm>

#include "services/filter/language/compiler.h"

namespace holm::filter::language {

namespace {

template <typename Visit>
void each_jump(const TableSource& table, const ChainSource& chain, Visit visit) {
    const auto of_elements = [&](const SetUse& set) {
        const auto& elements = set.named ? table.sets[*set.named].elements : set.elements;
        for (const Element& element : elements)
            if (element.verdict && !element.verdict->chain.empty()) visit(*element.verdict);
    };
    for (const Rule& rule : chain.rules)
        for (const Item& item : rule.items) {
            if (const auto* end = std::get_if<Final>(&item); end != nullptr && !end->verdict.chain.empty())
                visit(end->verdict);
            if (const auto* dispatch = std::get_if<Dispatch>(&item)) of_elements(dispatch->set);
        }
}

}  // namespace

void Compiler::check_chains() {
    std::vector<std::size_t> depth(chain_sources_.size(), 0);  // 0: not looked at yet
    for (std::size_t i = 0; i < chain_sources_.size(); ++i) {
        std::vector<std::size_t> path;
        follow(i, path, depth);
        const ChainSource& chain = *chain_sources_[i].chain;
        if (chain.hook == Hook::kNone) continue;
        std::set<std::size_t> seen;
        check_translations(i, chain.hook, chain.type, seen);
    }
}

// Fills in how many chains deep jumps from here go.
void Compiler::follow(std::size_t number, std::vector<std::size_t>& path, std::vector<std::size_t>& depth) {
    if (depth[number] != 0) return;
    table_ = chain_sources_[number].table;
    const TableSource& table = *table_;
    const ChainSource& chain = *chain_sources_[number].chain;
    path.push_back(number);
    std::size_t deepest = 0;
    each_jump(table, chain, [&](const Verdict& verdict) {
        table_ = &table;
        const std::size_t target = find_chain(verdict);
        if (chain_sources_[target].chain->hook != Hook::kNone)
            throw Problem{verdict.position,
                          "'" + verdict.chain + "' has a hook; jumps go to chains without one"};
        if (std::ranges::find(path, target) != path.end())
            throw Problem{verdict.position,
                          "chains that jump to each other: '" + verdict.chain + "' leads back here"};
        if (path.size() > kJumpDepth)
            throw Problem{verdict.position,
                          "jumps go more than " + std::to_string(kJumpDepth) + " chains deep"};
        follow(target, path, depth);
        deepest = std::max(deepest, depth[target]);
        if (deepest > kJumpDepth)
            throw Problem{verdict.position,
                          "jumps go more than " + std::to_string(kJumpDepth) + " chains deep"};
    });
    path.pop_back();
    depth[number] = deepest + 1;
}

void Compiler::check_translations(std::size_t number, Hook hook, ChainType type,
                                  std::set<std::size_t>& seen) {
    if (!seen.insert(number).second) return;
    table_ = chain_sources_[number].table;
    const TableSource& table = *table_;
    const ChainSource& chain = *chain_sources_[number].chain;
    for (const Rule& rule : chain.rules)
        for (const Item& item : rule.items) {
            if (const auto* translate = std::get_if<Translate>(&item)) {
                const NatKind kind = translate->entry.kind;
                if (type != ChainType::kNat)
                    throw Problem{rule.position,
                                  "a translation that is reached from a chain that is not of type nat"};
                const bool source = kind == NatKind::kSource || kind == NatKind::kMasquerade;
                const bool right =
                    source ? hook == Hook::kPostrouting || (hook == Hook::kInput && kind == NatKind::kSource)
                           : hook == Hook::kPrerouting || hook == Hook::kOutput;
                if (!right)
                    throw Problem{rule.position,
                                  source ? "snat and masquerade belong to the postrouting hook (snat to "
                                           "input, too)"
                                         : "dnat and redirect belong to the prerouting and output hooks"};
            }
            if (std::holds_alternative<Reject>(item) &&
                (type == ChainType::kNat || hook == Hook::kPostrouting))
                throw Problem{rule.position,
                              "reject works in filter chains of prerouting, input, forward and output"};
            if (std::holds_alternative<Notrack>(item) &&
                !(hook == Hook::kPrerouting || hook == Hook::kOutput))
                throw Problem{rule.position,
                              "notrack works in prerouting and output, usually at priority raw"};
        }
    each_jump(table, chain, [&](const Verdict& verdict) {
        table_ = &table;
        check_translations(find_chain(verdict), hook, type, seen);
    });
}

}  // namespace holm::filter::language

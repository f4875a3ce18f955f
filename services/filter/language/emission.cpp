// Rules as operations: a match that fails leads to the next rule, and groups of rules become one lookup.

#include <algorithm>
#include <map>

#include "services/filter/language/compiler.h"

namespace holm::filter::language {

void Compiler::emit_match(const Match& match, Open& open) {
    if (match.key.size() == 1 && !match.set.named && match.set.elements.size() == 1) {
        const KeyPart& part = match.key[0];
        const Range& range = match.set.elements[0].key[0];
        Operation operation{.field = part.field, .negate = match.negate};
        if (field_size(part.field) <= 8) {
            operation.code = Code::kCompare;
            operation.mask = std::uint64_t(part.mask);
            operation.low = std::uint64_t(range.low);
            operation.high = std::uint64_t(range.high);
        } else {
            operation.code = Code::kCompareWide;
            operation.index = constant(range.low, 16);
            constant(range.high, 16);
            constant(part.mask, 16);
        }
        emit_open(operation, open);
        return;
    }
    const std::uint32_t set = use_set(match.set, match.key, false, match.position);
    emit_open({.code = Code::kMember, .negate = match.negate, .index = set}, open);
}

void Compiler::emit_final(const Verdict& verdict, Open& open) {
    Operation operation{.code = verdict.code};
    if (verdict.code == Code::kJump || verdict.code == Code::kGoto)
        operation.index = std::uint32_t(find_chain(verdict));
    emit_open(operation, open);
}

void Compiler::emit_dispatch(const Dispatch& dispatch, Open& open) {
    const std::uint32_t at = emit_open({.code = Code::kDispatch}, open);
    const std::vector<Element>& elements =
        dispatch.set.named ? table_->sets[*dispatch.set.named].elements : dispatch.set.elements;
    std::map<std::pair<Code, std::string>, std::uint32_t> bodies;
    std::vector<Entry> entries;
    for (const Element& element : elements) {
        const auto [body, is_new] = bodies.try_emplace({element.verdict->code, element.verdict->chain},
                                                       std::uint32_t(operations_.size()));
        if (is_new) emit_final(*element.verdict, open);
        entries.push_back({element.key, body->second, element.position});
    }
    const std::string name = dispatch.set.named ? table_->sets[*dispatch.set.named].name : std::string();
    operations_[at].index = write_set(dispatch.key, std::move(entries), true, name, dispatch.position);
}

std::uint32_t Compiler::map_value(const std::vector<Range>& data) {
    if (data.size() == 2) {  // address . port: 16 bytes of the first would leave no room
        Constant joined;
        const std::uint32_t place = constant(data[0].low, 16);
        joined.bytes = constants_[place].bytes;
        constants_.push_back({});
        constants_.back().bytes[0] = std::uint8_t(data[1].low >> 8);
        constants_.back().bytes[1] = std::uint8_t(data[1].low);
        return place;
    }
    return constant(data[0].low, 16);
}

void Compiler::emit_mark(const SetMark& mark, Open& open) {
    Operation operation{.code = mark.of_connection ? Code::kSetCtMark : Code::kSetMark,
                        .field = mark.source,
                        .index = kNoSet,
                        .mask = mark.mask,
                        .low = mark.flip};
    if (mark.map) {
        const std::vector<Element>& elements =
            mark.map->set.named ? table_->sets[*mark.map->set.named].elements : mark.map->set.elements;
        std::vector<Entry> entries;
        for (const Element& element : elements) {
            if (element.data[0].low == kMiss)
                throw Problem{element.position, "the mark 0xffffffff cannot be the value of a map"};
            entries.push_back({element.key, std::uint32_t(element.data[0].low), element.position});
        }
        operation.index = write_set(mark.map->key, std::move(entries), false, {}, mark.map->position);
    }
    emit_open(operation, open);
}

void Compiler::emit_translate(const Translate& translate, Open& open) {
    if (translate.entry.family != 0 && table_->family == TableFamily::kInet)
        compare(Field::kMetaNfproto, translate.entry.family == 4 ? 2 : 10, open);
    NatEntry entry = translate.entry;
    if (translate.map) {
        const std::vector<Element>& elements = translate.map->set.named
                                                   ? table_->sets[*translate.map->set.named].elements
                                                   : translate.map->set.elements;
        std::vector<Entry> entries;
        for (const Element& element : elements)
            entries.push_back({element.key, map_value(element.data), element.position});
        entry.map = write_set(translate.map->key, std::move(entries), false, {}, translate.map->position);
    }
    translations_.push_back(entry);
    emit_open({.code = Code::kNat, .index = std::uint32_t(translations_.size() - 1)}, open);
}

void Compiler::emit_items(std::span<const Item> items, const Rule& rule, Open& open) {
    // What a rejection needs to know is asked before anything is counted, as nft does it.
    for (const Item& item : items) {
        const auto* reject = std::get_if<Reject>(&item);
        if (reject == nullptr) continue;
        if (reject->family != 0 && table_->family == TableFamily::kInet)
            compare(Field::kMetaNfproto, reject->family == 4 ? 2 : 10, open);
        if (reject->entry.tcp_reset != 0) compare(Field::kMetaL4proto, 6, open);
    }
    for (const Item& item : items) {
        if (const auto* match = std::get_if<Match>(&item)) {
            emit_match(*match, open);
        } else if (const auto* dispatch = std::get_if<Dispatch>(&item)) {
            emit_dispatch(*dispatch, open);
        } else if (std::holds_alternative<Counter>(item)) {
            counters_.push_back({chain_name_, string(rule.text), rule.position.line,
                                 string(rule.position.file->substr(rule.position.file->rfind('/') + 1))});
            emit({.code = Code::kCount, .index = std::uint32_t(counters_.size() - 1)});
        } else if (const auto* limit = std::get_if<Limit>(&item)) {
            limits_.push_back(limit->entry);
            emit_open({.code = Code::kLimit, .index = std::uint32_t(limits_.size() - 1)}, open);
        } else if (const auto* log = std::get_if<Log>(&item)) {
            logs_.push_back({string(log->prefix), log->level});
            emit({.code = Code::kLog, .index = std::uint32_t(logs_.size() - 1)});
        } else if (const auto* mark = std::get_if<SetMark>(&item)) {
            emit_mark(*mark, open);
        } else if (std::holds_alternative<Notrack>(item)) {
            emit({.code = Code::kNotrack});
        } else if (const auto* reject = std::get_if<Reject>(&item)) {
            rejections_.push_back(reject->entry);
            emit({.code = Code::kReject, .index = std::uint32_t(rejections_.size() - 1)});
        } else if (const auto* translate = std::get_if<Translate>(&item)) {
            emit_translate(*translate, open);
        } else {
            emit_final(std::get<Final>(item).verdict, open);
        }
    }
}

void Compiler::emit_rule(const Rule& rule) {
    Open open;
    emit_items(rule.items, rule, open);
    close(open);
}

void Compiler::emit_group(std::span<const Rule> rules, const Group& group) {
    Open open;
    for (std::size_t i = 0; i < group.matches; ++i)
        if (!std::ranges::binary_search(group.differ, i))
            emit_match(std::get<Match>(rules[0].items[i]), open);
    const std::uint32_t at = emit_open({.code = Code::kDispatch}, open);
    std::vector<std::uint32_t> bodies(rules.size());
    // Rests that do the same and count nothing are written once.
    std::map<std::pair<Code, std::string>, std::uint32_t> shared;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto rest = std::span(rules[i].items).subspan(group.matches);
        if (rest.size() == 1 && std::holds_alternative<Final>(rest[0])) {
            const Verdict& verdict = std::get<Final>(rest[0]).verdict;
            const auto [body, is_new] =
                shared.try_emplace({verdict.code, verdict.chain}, std::uint32_t(operations_.size()));
            bodies[i] = body->second;
            if (is_new) emit_final(verdict, open);
            continue;
        }
        bodies[i] = std::uint32_t(operations_.size());
        emit_items(rest, rules[i], open);
        emit_open({.code = Code::kNext}, open);
    }
    std::vector<Entry> entries;
    for (const Claim& claim : group.claims)
        entries.push_back({claim.key, bodies[claim.rule], rules[claim.rule].position});
    operations_[at].index = write_set(group.key, std::move(entries), true, {}, rules[0].position);
    merged_ += std::uint32_t(rules.size());
    close(open);
}

}  // namespace holm::filter::language

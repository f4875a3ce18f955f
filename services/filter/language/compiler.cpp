#include "services/filter/language/compiler.h"

#include <algorithm>
#include <cstring>

namespace holm::filter::language {

std::expected<std::vector<std::byte>, Problem> compile(const RuleSet& rules, bool merge) {
    try {
        return Compiler(rules, merge).run();
    } catch (Problem& problem) {
        return std::unexpected(std::move(problem));
    }
}

std::uint32_t Compiler::string(const std::string& text) {
    const auto [place, is_new] = string_places_.try_emplace(text, std::uint32_t(strings_.size()));
    if (is_new) {
        strings_ += text;
        strings_ += '\0';
    }
    return place->second;
}

std::uint32_t Compiler::emit(Operation operation) {
    operations_.push_back(operation);
    return std::uint32_t(operations_.size() - 1);
}

std::uint32_t Compiler::emit_open(Operation operation, Open& open) {
    open.push_back(std::uint32_t(operations_.size()));
    return emit(operation);
}

void Compiler::close(const Open& open) {
    for (const std::uint32_t at : open) operations_[at].next = std::uint32_t(operations_.size());
}

std::uint32_t Compiler::constant(Number value, unsigned size) {
    Constant constant;
    for (unsigned i = 0; i < size; ++i) constant.bytes[i] = std::uint8_t(value >> (8 * (size - 1 - i)));
    constants_.push_back(constant);
    return std::uint32_t(constants_.size() - 1);
}

void Compiler::compare(Field field, std::uint64_t value, Open& open) {
    emit_open(
        {.code = Code::kCompare, .field = field, .mask = ~std::uint64_t{0}, .low = value, .high = value},
        open);
}

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

std::size_t Compiler::find_chain(const Verdict& verdict) {
    for (std::size_t i = 0; i < chain_sources_.size(); ++i)
        if (chain_sources_[i].table == table_ && chain_sources_[i].chain->name == verdict.chain) return i;
    throw Problem{verdict.position, "no chain '" + verdict.chain + "' in table " + table_->name};
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

void Compiler::emit_chain(std::size_t number) {
    table_ = chain_sources_[number].table;
    chain_ = chain_sources_[number].chain;
    chain_name_ = string(table_->name + " " + chain_->name);
    Chain chain{.begin = std::uint32_t(operations_.size()),
                .name = chain_name_,
                .priority = chain_->priority,
                .hook = chain_->hook,
                .type = chain_->type,
                .family = table_->family,
                .drop = chain_->drop};
    std::span<const Rule> rest(chain_->rules);
    rule_count_ += std::uint32_t(rest.size());
    while (!rest.empty()) {
        const Group group = merge_ ? find_group(rest, table_->family == TableFamily::kInet) : Group{};
        if (group.size == 1)
            emit_rule(rest[0]);
        else
            emit_group(rest.first(group.size), group);
        rest = rest.subspan(group.size);
    }
    // The policy, or back to who jumped here.
    emit({.code = chain_->hook == Hook::kNone ? Code::kReturn : chain_->drop ? Code::kDrop : Code::kAccept});
    chain.end = std::uint32_t(operations_.size());
    pass_by(chain);
    chains_.push_back(chain);
}

// A comparison that has failed is not made again by the rules behind it that begin with it too: they are
// passed by at once. From the end, so that each leads as far as can be known.
void Compiler::pass_by(const Chain& chain) {
    const auto asks_the_same = [](const Operation& a, const Operation& b) {
        return a.code == b.code && a.field == b.field && a.negate == b.negate && a.mask == b.mask &&
               a.low == b.low && a.high == b.high;
    };
    for (std::uint32_t at = chain.end; at-- > chain.begin;) {
        Operation& operation = operations_[at];
        if (operation.code != Code::kCompare) continue;
        const Operation& next = operations_[operation.next];
        if (asks_the_same(operation, next)) operation.next = next.next;
    }
}

std::vector<std::byte> Compiler::run() {
    string("");
    for (const TableSource& table : rules_.tables)
        for (const ChainSource& chain : table.chains) chain_sources_.push_back({&table, &chain});
    check_chains();
    for (const auto& [name, pattern] : rules_.interfaces) interfaces_.push_back({string(name), pattern});
    for (std::size_t i = 0; i < chain_sources_.size(); ++i) emit_chain(i);
    return assemble();
}

std::vector<std::byte> Compiler::assemble() const {
    std::vector<std::byte> bytes(sizeof(TableHeader));
    TableHeader header;
    const auto add = [&](Part& part, const auto& items) {
        bytes.resize((bytes.size() + 15) / 16 * 16);
        part = {std::uint32_t(bytes.size()), std::uint32_t(items.size())};
        const std::size_t size = items.size() * sizeof(items[0]);
        bytes.resize(bytes.size() + size);
        if (size > 0) std::memcpy(bytes.data() + part.offset, items.data(), size);
    };
    add(header.operations, operations_);
    add(header.chains, chains_);
    add(header.sets, sets_);
    add(header.data, data_);
    add(header.constants, constants_);
    add(header.counters, counters_);
    add(header.limits, limits_);
    add(header.logs, logs_);
    add(header.rejections, rejections_);
    add(header.translations, translations_);
    add(header.interfaces, interfaces_);
    add(header.strings, strings_);
    if (bytes.size() > kMaximumTable) throw Problem{{}, "the compiled rules are larger than 256 MiB"};
    header.size = std::uint32_t(bytes.size());
    header.rules = rule_count_;
    header.merged_rules = merged_;
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

}  // namespace holm::filter::language

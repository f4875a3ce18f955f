#include "services/filter/language/compiler.h"

#include <cstring>

#include "services/filter/language/token_stream.h"

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

std::size_t Compiler::find_chain(const Verdict& verdict) {
    for (std::size_t i = 0; i < chain_sources_.size(); ++i)
        if (chain_sources_[i].table == table_ && chain_sources_[i].chain->name == verdict.chain) return i;
    std::vector<std::string_view> known;
    for (const ChainSource& chain : table_->chains)
        if (chain.hook == Hook::kNone) known.push_back(chain.name);
    throw Problem{verdict.position,
                  "no chain '" + verdict.chain + "' in table " + table_->name + offered(known)};
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

#pragma once

// Rules to a compiled table (services/filter/table/layout.h). Rules that follow each other and differ only in
// a constant become one lookup, so that 5,000 of them cost what one costs; what they do, in which order, and
// what each has counted stays as written (merge.h).

#include <expected>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/filter/language/merge.h"
#include "services/filter/language/rules.h"

namespace holm::filter::language {

// The table's bytes.
std::expected<std::vector<std::byte>, Problem> compile(const RuleSet& rules, bool merge = true);

class Compiler {
  public:
    Compiler(const RuleSet& rules, bool merge) : rules_(rules), merge_(merge) {}

    std::vector<std::byte> run();

  private:
    struct ChainReference {
        const TableSource* table;
        const ChainSource* chain;
    };
    // An entry of a set that is to be written.
    struct Entry {
        std::vector<Range> key;
        std::uint32_t value;
        Position position;
    };
    // Operations whose `next` is where the rule ends.
    using Open = std::vector<std::uint32_t>;

    // checks.cpp
    void check_chains();
    void follow(std::size_t chain, std::vector<std::size_t>& path, std::vector<std::size_t>& depth);
    void check_translations(std::size_t chain, Hook hook, ChainType type, std::set<std::size_t>& seen);

    // compiler.cpp
    void emit_chain(std::size_t number);
    void pass_by(const Chain& chain);
    std::uint32_t emit(Operation operation);
    std::uint32_t emit_open(Operation operation, Open& open);
    void close(const Open& open);
    void compare(Field field, std::uint64_t value, Open& open);
    std::uint32_t string(const std::string& text);
    std::uint32_t constant(Number value, unsigned size);
    std::size_t find_chain(const Verdict& verdict);
    std::vector<std::byte> assemble() const;

    // emission.cpp
    void emit_rule(const Rule& rule);
    void emit_group(std::span<const Rule> rules, const Group& group);
    void emit_items(std::span<const Item> items, const Rule& rule, Open& open);
    void emit_match(const Match& match, Open& open);
    void emit_dispatch(const Dispatch& dispatch, Open& open);
    void emit_final(const Verdict& verdict, Open& open);
    void emit_translate(const Translate& translate, Open& open);
    void emit_mark(const SetMark& mark, Open& open);
    std::uint32_t map_value(const std::vector<Range>& data);

    // set_writer.cpp
    std::uint32_t use_set(const SetUse& use, const std::vector<KeyPart>& key, bool map,
                          const Position& position);
    std::uint32_t write_set(const std::vector<KeyPart>& key, std::vector<Entry> entries, bool dispatch,
                            const std::string& name, const Position& position);
    void write_sorted(Set& set, const std::vector<Entry>& entries, bool dispatch);
    void write_hash(Set& set, const std::vector<Entry>& entries);
    void write_list(Set& set, const std::vector<Entry>& entries);
    void put(const void* bytes, std::size_t size);
    void put_key(const std::vector<Range>& key, const Set& set, bool high);

    const RuleSet& rules_;
    bool merge_;
    const TableSource* table_ = nullptr;  // whose chain is being written
    const ChainSource* chain_ = nullptr;
    std::uint32_t chain_name_ = 0;
    std::vector<ChainReference> chain_sources_;

    std::vector<Operation> operations_;
    std::vector<Chain> chains_;
    std::vector<Set> sets_;
    std::vector<std::byte> data_;
    std::vector<Constant> constants_;
    std::vector<CounterEntry> counters_;
    std::vector<LimitEntry> limits_;
    std::vector<LogEntry> logs_;
    std::vector<RejectEntry> rejections_;
    std::vector<NatEntry> translations_;
    std::vector<InterfaceName> interfaces_;
    std::string strings_;
    std::map<std::string, std::uint32_t> string_places_;
    std::map<std::string, std::uint32_t> shared_sets_;  // by table, name and key
    std::uint32_t rule_count_ = 0;
    std::uint32_t merged_ = 0;
};

}  // namespace holm::filter::language

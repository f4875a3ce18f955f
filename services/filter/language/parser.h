#pragma once

// The parser of the nft subset (docs/firewall.md lists it). What is outside of it is refused where it stands.

#include <expected>
#include <string>

#include "services/filter/language/names.h"
#include "services/filter/language/rules.h"
#include "services/filter/language/token_stream.h"

namespace holm::filter::language {

// `name` stands in messages. Includes are read by `reader`.
std::expected<RuleSet, Problem> parse(std::string text, const std::string& name, const FileReader& reader);

class Parser {
  public:
    Parser(std::string text, const std::string& name, FileReader reader)
        : tokens_(std::move(text), name, std::move(reader)) {}

    RuleSet run();

  private:
    struct Key {
        std::vector<KeyPart> parts;
        std::vector<Type> types;
        std::vector<unsigned> bits;
    };

    // blocks.cpp
    void block_of_variables(const Token& token);
    bool common(TableSource* table);
    void table();
    void table_item(TableSource& table);

    // sets.cpp
    void set(TableSource& table, bool is_map);
    void set_item(TableSource& table, NamedSet& set, bool& typed);
    void set_flags(NamedSet& set);
    std::vector<Type> type_list();
    std::vector<Type> typeof_list();

    // chains.cpp
    void chain(TableSource& table);
    void base_chain(ChainSource& chain, const TableSource& table);
    std::int32_t priority(const ChainSource& chain);
    void rule(TableSource& table, ChainSource& chain);

    // statements.cpp
    Item item(TableSource& table, ChainSource& chain, Rule& rule);
    std::optional<Item> statement(TableSource& table, ChainSource& chain);
    Verdict verdict();
    bool at_verdict();
    Item limit();
    Item log();
    Item set_mark(TableSource& table, bool of_connection);

    // rejections.cpp
    Item reject(const TableSource& table);

    // translations.cpp
    Item translate(TableSource& table, const ChainSource& chain, NatKind kind);
    void translate_target(TableSource& table, Translate& translate);

    // matches.cpp
    bool at_field();
    Key key();
    void key_part(Key& key);
    Item match(TableSource& table);
    void compare(TableSource& table, const Key& key, Match& match);
    void compare_bits(const Key& key, Match& match, bool negate, bool exact);
    SetUse set_use(TableSource& table, const Key& key, bool verdicts, const std::vector<Type>* data);
    void elements(std::vector<Element>& into, const std::vector<Type>& types,
                  const std::vector<unsigned>& bits, bool verdicts, const std::vector<Type>& data,
                  std::size_t depth);
    std::size_t find_set(TableSource& table, const Token& name);

    // values.cpp
    Range value(Type type, unsigned bits);
    Number single(Type type, unsigned bits);
    Number bit_names(Type type, unsigned bits);
    Number interface_name(const Token& token, bool& pattern);
    std::uint64_t number(std::string_view what, std::uint64_t most);
    static Number address(const Token& token, Type type);

    TokenStream tokens_;
    RuleSet rules_;
    std::size_t chain_count_ = 0;
    std::size_t rule_count_ = 0;
    std::size_t element_count_ = 0;
};

// All ones in the low `bits`.
constexpr Number ones(unsigned bits) {
    return bits >= 128 ? ~Number{0} : (Number{1} << bits) - 1;
}

}  // namespace holm::filter::language

// What a file of rules consists of: tables, and the variables and includes that may stand in every block.

#include "services/filter/language/parser.h"

namespace holm::filter::language {

std::expected<RuleSet, Problem> parse(std::string text, const std::string& name, const FileReader& reader) {
    try {
        if (text.size() > Limits::kFileBytes) throw Problem{{}, "the file is larger than 64 MiB"};
        return Parser(std::move(text), name, reader).run();
    } catch (Problem& problem) {
        return std::unexpected(std::move(problem));
    }
}

RuleSet Parser::run() {
    for (;;) {
        const Token& token = tokens_.peek();
        if (token.kind == TokenKind::kNewline) {
            tokens_.next();
            continue;
        }
        if (token.kind == TokenKind::kEnd) return std::move(rules_);
        if (common(nullptr)) continue;
        if (tokens_.accept("table")) {
            table();
        } else if (tokens_.accept("flush")) {
            tokens_.expect("ruleset", "(an image has no rules but these)");
            tokens_.end_statement();
        } else {
            TokenStream::fail(token.position,
                              shown(token) +
                                  " is not supported here; allowed: table FAMILY NAME { … }, define, "
                                  "redefine, undefine, include, flush ruleset");
        }
    }
}

// What may stand in every block: variables and includes.
bool Parser::common(TableSource*) {
    const Token token = tokens_.peek();
    if (token.is("include")) {
        tokens_.next();
        const Token path = tokens_.next();
        tokens_.include(path);
        return true;
    }
    const bool again = token.is("redefine");
    if (token.is("define") || again) {
        tokens_.next();
        block_of_variables(token);
        return true;
    }
    if (token.is("undefine")) {
        tokens_.next();
        const Position position = tokens_.peek().position;
        tokens_.undefine(tokens_.word("the name of a variable"), position);
        tokens_.end_statement();
        return true;
    }
    return false;
}

void Parser::block_of_variables(const Token& token) {
    const Position position = tokens_.peek().position;
    const std::string name = tokens_.word("the name of a variable");
    tokens_.expect("=");
    std::vector<Token> value;
    std::size_t depth = 0;
    for (;;) {
        const Token& next = tokens_.peek();
        if (next.kind == TokenKind::kEnd) {
            if (depth > 0) TokenStream::fail(position, "the value of '" + name + "' has no closing brace");
            break;
        }
        if (next.kind == TokenKind::kNewline) {
            if (depth == 0) break;
            tokens_.next();
            continue;
        }
        if (next.is("}") && depth == 0) break;
        if (next.is("{")) ++depth;
        if (next.is("}")) --depth;
        value.push_back(tokens_.next());
    }
    if (value.empty()) TokenStream::fail(position, "the variable '" + name + "' has no value");
    tokens_.define(name, std::move(value), token.is("redefine"), position);
    tokens_.end_statement();
}

void Parser::table() {
    TableSource table;
    const Token& token = tokens_.peek();
    table.position = token.position;
    if (tokens_.accept("ip")) {
        table.family = TableFamily::kIpv4;
    } else if (tokens_.accept("ip6")) {
        table.family = TableFamily::kIpv6;
    } else if (tokens_.accept("inet")) {
        table.family = TableFamily::kInet;
    } else if (token.is("arp") || token.is("bridge") || token.is("netdev")) {
        TokenStream::fail(token.position,
                          "tables of family " + token.text + " are not supported; allowed: ip, ip6, inet");
    }
    table.name = tokens_.word("the name of the table");
    tokens_.skip_newlines();
    tokens_.expect("{");
    // The same table may be opened again.
    std::size_t number = 0;
    while (number < rules_.tables.size() &&
           (rules_.tables[number].name != table.name || rules_.tables[number].family != table.family))
        ++number;
    if (number == Limits::kTables)
        TokenStream::fail(table.position, "more than " + std::to_string(Limits::kTables) + " tables");
    if (number == rules_.tables.size()) rules_.tables.push_back(std::move(table));
    TableSource& target = rules_.tables[number];
    for (;;) {
        tokens_.skip_newlines();
        if (tokens_.accept("}")) break;
        table_item(target);
    }
    tokens_.end_statement();
}

void Parser::table_item(TableSource& table) {
    const Token& token = tokens_.peek();
    if (token.kind == TokenKind::kEnd) TokenStream::fail(table.position, "this table has no closing brace");
    if (common(&table)) return;
    if (tokens_.accept("set")) {
        set(table, false);
    } else if (tokens_.accept("map")) {
        set(table, true);
    } else if (tokens_.accept("chain")) {
        chain(table);
    } else if (tokens_.accept("comment")) {
        tokens_.next();
        tokens_.end_statement();
    } else {
        TokenStream::fail(token.position, shown(token) +
                                              " is not supported in a table; allowed: chain, set, map, "
                                              "define, include, comment");
    }
}

}  // namespace holm::filter::language

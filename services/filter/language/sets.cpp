// Named sets and maps: their types, their elements.

#include <span>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

std::vector<unsigned> all_bits(const std::vector<Type>& types) {
    std::vector<unsigned> bits;
    for (const Type type : types) bits.push_back(bits_of(type));
    return bits;
}

}  // namespace

std::vector<Type> Parser::type_list() {
    std::vector<Type> types;
    do {
        const Token name = tokens_.next();
        const auto type = find_type(name.text);
        if (!type)
            TokenStream::fail(name.position, "unknown type " + shown(name) + "; allowed: " + allowed_types());
        types.push_back(*type);
    } while (tokens_.accept("."));
    return types;
}

std::vector<Type> Parser::typeof_list() {
    return key().types;
}

void Parser::set_flags(NamedSet& set) {
    do {
        const Token flag = tokens_.next();
        if (flag.is("interval"))
            set.intervals = true;
        else if (!flag.is("constant"))
            TokenStream::fail(
                flag.position,
                "flag " + shown(flag) + " is not supported: sets are read-only; allowed: constant, interval");
    } while (tokens_.accept(","));
}

void Parser::set_item(TableSource&, NamedSet& set, bool& typed) {
    const Token token = tokens_.next();
    if (token.is("type") || token.is("typeof")) {
        const auto list = [&] { return token.is("type") ? type_list() : typeof_list(); };
        set.key = list();
        typed = true;
        if (set.is_map) {
            tokens_.expect(":", "and the type that the map gives");
            if (tokens_.accept("verdict"))
                set.is_verdict_map = true;
            else
                set.data = list();
        }
    } else if (token.is("flags")) {
        set_flags(set);
    } else if (token.is("elements")) {
        tokens_.expect("=");
        if (!typed) TokenStream::fail(token.position, "the type of a set stands before its elements");
        const std::size_t before = set.elements.size();
        elements(set.elements, set.key, all_bits(set.key), set.is_verdict_map, set.data, 0);
        for (const Element& element : std::span(set.elements).subspan(before))
            for (const Range& range : element.key)
                if (!set.intervals && range.low != range.high)
                    TokenStream::fail(element.position, "a range in a set without 'flags interval'");
    } else if (token.is("size")) {
        number("a number of elements", ~std::uint32_t{0});
    } else if (token.is("comment") || token.is("policy")) {
        tokens_.next();
    } else if (!token.is("auto-merge")) {
        TokenStream::fail(token.position, shown(token) +
                                              " is not supported in a set or map; allowed: type, typeof, "
                                              "flags, elements, size, policy, auto-merge, comment");
    }
    tokens_.end_statement();
}

void Parser::set(TableSource& table, bool is_map) {
    NamedSet set;
    set.is_map = is_map;
    set.position = tokens_.peek().position;
    set.name = tokens_.word("the name of the set");
    if (!table.set_places.emplace(set.name, table.sets.size()).second)
        TokenStream::fail(set.position, "a set or map '" + set.name + "' is there already");
    tokens_.skip_newlines();
    tokens_.expect("{");
    bool typed = false;
    for (;;) {
        tokens_.skip_newlines();
        if (tokens_.accept("}")) break;
        if (tokens_.peek().kind == TokenKind::kEnd)
            TokenStream::fail(set.position, "this set has no closing brace");
        set_item(table, set, typed);
    }
    if (!typed)
        TokenStream::fail(set.position,
                          "this set has no type; expected type ipv4_addr, typeof ip saddr or the like");
    std::size_t bits = 0;
    for (const Type type : set.key) bits += bits_of(type);
    if (set.key.size() > kKeyFields || bits > kKeyBytes * 8)
        TokenStream::fail(set.position, "a key of more than " + std::to_string(kKeyFields) + " parts or " +
                                            std::to_string(kKeyBytes) + " bytes");
    table.sets.push_back(std::move(set));
    tokens_.end_statement();
}

}  // namespace holm::filter::language

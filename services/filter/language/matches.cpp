// What a rule asks of a packet: keys, comparisons, sets and maps.

#include <algorithm>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

unsigned field_bits(const FieldName& name) {
    switch (name.field) {
        case Field::kIpDscp:
        case Field::kIp6Dscp:
            return 6;
        case Field::kIp6FlowLabel:
            return 20;
        default:
            return field_size(name.field) * 8U;
    }
}

bool is_protocol(std::string_view word) {
    return std::ranges::any_of(field_names(), [&](const FieldName& name) { return name.protocol == word; });
}

bool is_short_meta(std::string_view word) {
    return word == "iif" || word == "oif" || word == "iifname" || word == "oifname" || word == "l4proto" ||
           word == "nfproto";
}

}  // namespace

bool Parser::at_field() {
    const Token& token = tokens_.peek();
    return token.kind == TokenKind::kWord && (is_protocol(token.text) || is_short_meta(token.text));
}

void Parser::key_part(Key& key) {
    const Token first = tokens_.next();
    std::string_view protocol = first.text;
    Token name = first;
    if (first.kind == TokenKind::kWord && is_short_meta(first.text)) {
        protocol = "meta";
    } else {
        if (!is_protocol(protocol))
            TokenStream::fail(first.position,
                              "cannot match on '" + first.text +
                                  "'; allowed: ip, ip6, tcp, udp, icmp, icmpv6, th, meta, ct with a field");
        name = tokens_.next();
    }
    std::string allowed;
    for (const FieldName& entry : field_names()) {
        if (entry.protocol != protocol) continue;
        if (entry.name == name.text) {
            const unsigned bits = field_bits(entry);
            key.parts.push_back({entry.field, ones(field_size(entry.field) * 8U)});
            key.types.push_back(entry.type);
            key.bits.push_back(bits);
            return;
        }
        allowed += (allowed.empty() ? "" : ", ") + std::string(entry.name);
    }
    TokenStream::fail(name.position, "'" + std::string(protocol) + " " + name.text + "' is not supported; " +
                                         std::string(protocol) + " has: " + allowed);
}

Parser::Key Parser::key() {
    Key key;
    const Position position = tokens_.peek().position;
    key_part(key);
    while (tokens_.peek().is(".")) {
        tokens_.next();
        key_part(key);
    }
    std::size_t size = 0;
    for (const KeyPart& part : key.parts) size += field_size(part.field);
    if (key.parts.size() > kKeyFields || size > kKeyBytes)
        TokenStream::fail(position, "a key of more than " + std::to_string(kKeyFields) + " fields or " +
                                        std::to_string(kKeyBytes) + " bytes");
    return key;
}

std::size_t Parser::find_set(TableSource& table, const Token& name) {
    const auto found = table.set_places.find(name.text);
    if (found != table.set_places.end() && found->second < table.sets.size()) return found->second;
    std::vector<std::string_view> known;
    for (const NamedSet& set : table.sets) known.push_back(set.name);
    TokenStream::fail(name.position, "no set or map '" + name.text + "' has been declared in table " +
                                         table.name + " before" + offered(known));
}

void Parser::elements(std::vector<Element>& into, const std::vector<Type>& types,
                      const std::vector<unsigned>& bits, bool verdicts, const std::vector<Type>& data,
                      std::size_t depth) {
    if (depth > Limits::kNesting)
        TokenStream::fail(tokens_.peek().position, "braces inside of braces, too deep");
    tokens_.expect("{");
    tokens_.skip_newlines();
    while (!tokens_.peek().is("}")) {
        if (tokens_.peek().is("{")) {  // a variable that holds a set
            elements(into, types, bits, verdicts, data, depth + 1);
        } else {
            Element element;
            element.position = tokens_.peek().position;
            if (++element_count_ > Limits::kElements)
                TokenStream::fail(element.position,
                                  "more than " + std::to_string(Limits::kElements) + " elements");
            for (std::size_t i = 0; i < types.size(); ++i) {
                if (i > 0) tokens_.expect(".", "between the parts of a key");
                element.key.push_back(value(types[i], bits[i]));
            }
            if (tokens_.peek().is("timeout") || tokens_.peek().is("expires") || tokens_.peek().is("counter"))
                TokenStream::fail(
                    tokens_.peek().position,
                    "'" + tokens_.peek().text + "' of an element is not supported: sets are read-only");
            if (tokens_.accept("comment")) tokens_.next();
            if (verdicts || !data.empty()) {
                tokens_.skip_newlines();
                tokens_.expect(":", "and what the key maps to");
                tokens_.skip_newlines();
                if (verdicts) element.verdict = verdict();
                for (std::size_t i = 0; i < data.size(); ++i) {
                    if (i > 0) tokens_.expect(".", "between the parts of a value");
                    element.data.push_back(value(data[i], bits_of(data[i])));
                    if (element.data.back().low != element.data.back().high)
                        TokenStream::fail(element.position, "a map gives single values, not ranges");
                }
            }
            into.push_back(std::move(element));
        }
        tokens_.skip_newlines();
        if (!tokens_.accept(",")) break;
        tokens_.skip_newlines();
    }
    tokens_.skip_newlines();
    tokens_.expect("}", "or ',' and another element");
}

SetUse Parser::set_use(TableSource& table, const Key& key, bool verdicts, const std::vector<Type>* data) {
    SetUse use;
    const Token token = tokens_.peek();
    if (tokens_.accept("@")) {
        const Token name = tokens_.next();
        const std::size_t found = find_set(table, name);
        const NamedSet& set = table.sets[found];
        if (set.is_verdict_map != verdicts || set.is_map != (verdicts || data != nullptr) ||
            (data != nullptr && set.data != *data))
            TokenStream::fail(name.position,
                              "'" + set.name + "' is another kind of set or map than is needed here");
        bool fits = set.key.size() == key.types.size();
        for (std::size_t i = 0; fits && i < key.types.size(); ++i)
            fits = compatible(key.types[i], set.key[i]);
        if (!fits)
            TokenStream::fail(name.position,
                              "the type of '" + set.name + "' is not that of the key before it");
        use.named = found;
        return use;
    }
    if (!token.is("{"))
        TokenStream::fail(token.position,
                          "expected '{ … }' or '@' and the name of a set, found " + shown(token));
    elements(use.elements, key.types, key.bits, verdicts, data != nullptr ? *data : std::vector<Type>{}, 0);
    if (use.elements.empty())
        TokenStream::fail(token.position, "a set without elements; expected one at least between the braces");
    return use;
}

// Bits: "flags syn" asks for any of them, "flags == syn" for exactly these, "flags & mask == value" and
// "flags value / mask" for these of those.
void Parser::compare_bits(const Key& key, Match& match, bool negate, bool exact) {
    const Type type = key.types[0];
    const unsigned bits = key.bits[0];
    const Number value = bit_names(type, bits);
    if (tokens_.accept("/")) {
        match.key[0].mask = bit_names(type, bits);
        match.set.elements.push_back({{{value, value}}, match.position, {}, {}});
        match.negate = negate;
        return;
    }
    if (exact || negate) {
        match.set.elements.push_back({{{value, value}}, match.position, {}, {}});
        match.negate = negate;
        return;
    }
    match.key[0].mask = value;
    match.set.elements.push_back({{{0, 0}}, match.position, {}, {}});
    match.negate = true;
}

void Parser::compare(TableSource& table, const Key& key, Match& match) {
    const Token operation = tokens_.peek();
    const auto accept = [&](std::string_view symbol, std::string_view word) {
        return tokens_.accept(symbol) || tokens_.accept(word);
    };
    const Type type = key.types[0];
    const unsigned bits = key.bits[0];
    if (key.parts.size() > 1) {
        match.negate = accept("!=", "ne");
        if (!match.negate) accept("==", "eq");
        if (!tokens_.peek().is("@") && !tokens_.peek().is("{")) {
            Element element{{}, tokens_.peek().position, {}, {}};
            for (std::size_t i = 0; i < key.types.size(); ++i) {
                if (i > 0) tokens_.expect(".", "between the parts of a key");
                element.key.push_back(value(key.types[i], key.bits[i]));
            }
            match.set.elements.push_back(std::move(element));
            return;
        }
        match.set = set_use(table, key, false, nullptr);
        return;
    }
    bool masked = false;
    if (accept("&", "and")) {
        if (type == Type::kInterface)
            TokenStream::fail(operation.position, "names of interfaces have no bits");
        match.key[0].mask = is_bitmask(type) ? bit_names(type, bits) : single(type, bits);
        masked = true;
        const Token& follows = tokens_.peek();
        if (!follows.is("==") && !follows.is("!=") && !follows.is("eq") && !follows.is("ne"))
            TokenStream::fail(follows.position,
                              "expected '==' or '!=' behind a mask, found " + shown(follows));
    }
    for (const auto& [symbol, word, below, equal] :
         {std::tuple("<=", "le", true, true), std::tuple(">=", "ge", false, true),
          std::tuple("<", "lt", true, false), std::tuple(">", "gt", false, false)}) {
        const Token sign = tokens_.peek();
        if (!accept(symbol, word)) continue;
        if (type == Type::kInterface || is_bitmask(type))
            TokenStream::fail(sign.position, "these values have no order; allowed: ==, !=");
        const Number bound = single(type, bits);
        if (!equal && bound == (below ? 0 : ones(bits)))
            TokenStream::fail(sign.position, "no value can meet this");
        const Range range =
            below ? Range{0, equal ? bound : bound - 1} : Range{equal ? bound : bound + 1, ones(bits)};
        match.set.elements.push_back({{range}, match.position, {}, {}});
        return;
    }
    const bool exact = accept("==", "eq");
    bool none = false;
    if (!exact) {
        match.negate = accept("!=", "ne");
        if (!match.negate && tokens_.peek().is("!")) {
            if (!is_bitmask(type)) TokenStream::fail(tokens_.peek().position, "'!' is for bits; use '!='");
            tokens_.next();
            none = true;
        }
    }
    if (tokens_.peek().is("@") || tokens_.peek().is("{")) {
        if (masked)
            TokenStream::fail(tokens_.peek().position,
                              "a mask and a set together are not supported; write rules");
        match.set = set_use(table, key, false, nullptr);
        return;
    }
    if (none) {
        match.key[0].mask = bit_names(type, bits);
        match.set.elements.push_back({{{0, 0}}, match.position, {}, {}});
        return;
    }
    if (is_bitmask(type)) {
        if (masked) {
            const Number wanted = tokens_.peek().is("0") ? number("0", 0) : bit_names(type, bits);
            match.set.elements.push_back({{{wanted, wanted}}, match.position, {}, {}});
        } else {
            compare_bits(key, match, match.negate, exact);
        }
        return;
    }
    if (type == Type::kInterface) {
        const Token name = tokens_.next();
        bool pattern = false;
        const Number found = interface_name(name, pattern);
        if (pattern) {
            match.key[0].field =
                match.key[0].field == Field::kMetaIif ? Field::kMetaIifNames : Field::kMetaOifNames;
            match.key[0].mask = Number{1} << unsigned(found);
            match.set.elements.push_back({{{0, 0}}, match.position, {}, {}});
            match.negate = !match.negate;
        } else {
            match.set.elements.push_back({{{found, found}}, match.position, {}, {}});
        }
        return;
    }
    match.set.elements.push_back({{value(type, bits)}, match.position, {}, {}});
    if (tokens_.peek().is(","))
        TokenStream::fail(tokens_.peek().position, "several values stand in braces: { 22, 80 }");
}

Item Parser::match(TableSource& table) {
    Match match;
    match.position = tokens_.peek().position;
    const Key key = this->key();
    if (tokens_.accept("vmap"))
        return Dispatch{key.parts, set_use(table, key, true, nullptr), match.position};
    match.key = key.parts;
    compare(table, key, match);
    for (std::size_t i = 0; match.key.size() == 1 && i < match.set.elements.size(); ++i)
        if ((match.set.elements[i].key[0].low & ~match.key[0].mask) != 0)
            TokenStream::fail(match.position, "the value has bits outside of the mask: it is never met");
    return match;
}

}  // namespace holm::filter::language

// Tables, sets, maps and chains.

#include <algorithm>
#include <span>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

std::vector<unsigned> all_bits(const std::vector<Type>& types) {
    std::vector<unsigned> bits;
    for (const Type type : types) bits.push_back(bits_of(type));
    return bits;
}

// The one transport that a field is of; 0: any.
std::uint8_t transport_of(Field field) {
    if (field >= Field::kTcpSource && field <= Field::kTcpWindow) return 6;
    if (field >= Field::kUdpSource && field <= Field::kUdpLength) return 17;
    if (field == Field::kIcmpType || field == Field::kIcmpCode) return 1;
    if (field == Field::kIcmpv6Type || field == Field::kIcmpv6Code) return 58;
    return 0;
}

bool is_of_family(Field field, TableFamily family) {
    const bool v4 = (field >= Field::kIpSource && field <= Field::kIpId) || field == Field::kIcmpType ||
                    field == Field::kIcmpCode;
    const bool v6 = (field >= Field::kIp6Source && field <= Field::kIp6FlowLabel) ||
                    field == Field::kIcmpv6Type || field == Field::kIcmpv6Code;
    return !((family == TableFamily::kIpv4 && v6) || (family == TableFamily::kIpv6 && v4));
}

}  // namespace

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
    if (!typed) TokenStream::fail(set.position, "this set has no type");
    std::size_t bits = 0;
    for (const Type type : set.key) bits += bits_of(type);
    if (set.key.size() > kKeyFields || bits > kKeyBytes * 8)
        TokenStream::fail(set.position, "a key of more than " + std::to_string(kKeyFields) + " parts or " +
                                            std::to_string(kKeyBytes) + " bytes");
    table.sets.push_back(std::move(set));
    tokens_.end_statement();
}

std::int32_t Parser::priority(const ChainSource& chain) {
    constexpr std::pair<std::string_view, int> kNames[] = {{"raw", -300}, {"mangle", -150}, {"dstnat", -100},
                                                           {"filter", 0}, {"security", 50}, {"srcnat", 100}};
    std::int64_t value = 0;
    const Token token = tokens_.peek();
    if (token.kind == TokenKind::kWord) {
        tokens_.next();
        const auto found =
            std::ranges::find(kNames, std::string_view(token.text), &std::pair<std::string_view, int>::first);
        if (found == std::end(kNames))
            TokenStream::fail(token.position,
                              "unknown priority " + shown(token) +
                                  "; allowed: a number, raw, mangle, dstnat, filter, security, srcnat");
        value = found->second;
        if (tokens_.accept("+"))
            value += std::int64_t(number("a number", 1'000'000));
        else if (tokens_.accept("-"))
            value -= std::int64_t(number("a number", 1'000'000));
    } else {
        const bool negative = tokens_.accept("-");
        value = std::int64_t(number("a priority", 1'000'000));
        if (negative) value = -value;
    }
    if (chain.type == ChainType::kNat && value <= -200)
        TokenStream::fail(token.position,
                          "a nat chain comes behind connection tracking: its priority is above -200");
    return std::int32_t(value);
}

void Parser::base_chain(ChainSource& chain, const TableSource& table) {
    const Token type = tokens_.next();
    if (type.is("filter"))
        chain.type = ChainType::kFilter;
    else if (type.is("nat"))
        chain.type = ChainType::kNat;
    else if (type.is("route"))
        chain.type = ChainType::kRoute;
    else
        TokenStream::fail(type.position,
                          "unknown chain type " + shown(type) + "; allowed: filter, nat, route");
    tokens_.expect("hook");
    const Token hook = tokens_.next();
    constexpr std::pair<std::string_view, Hook> kHookNames[] = {{"prerouting", Hook::kPrerouting},
                                                                {"input", Hook::kInput},
                                                                {"forward", Hook::kForward},
                                                                {"output", Hook::kOutput},
                                                                {"postrouting", Hook::kPostrouting}};
    const auto found =
        std::ranges::find(kHookNames, std::string_view(hook.text), &std::pair<std::string_view, Hook>::first);
    if (found == std::end(kHookNames))
        TokenStream::fail(hook.position,
                          "hook " + shown(hook) +
                              " is not supported; allowed: prerouting, input, forward, output, postrouting");
    chain.hook = found->second;
    if (chain.type == ChainType::kNat && chain.hook == Hook::kForward)
        TokenStream::fail(hook.position,
                          "nat chains have no forward hook; allowed: prerouting, input, output, postrouting");
    if (chain.type == ChainType::kRoute && chain.hook != Hook::kOutput)
        TokenStream::fail(hook.position, "route chains have the output hook only");
    if (tokens_.peek().is("device"))
        TokenStream::fail(tokens_.peek().position,
                          "device is for tables of family netdev, which are not supported");
    tokens_.expect("priority");
    chain.priority = priority(chain);
    (void)table;
    tokens_.end_statement();
}

void Parser::chain(TableSource& table) {
    const Position position = tokens_.peek().position;
    const std::string name = tokens_.word("the name of the chain");
    tokens_.skip_newlines();
    tokens_.expect("{");
    auto known = std::ranges::find(table.chains, name, &ChainSource::name);
    if (known == table.chains.end()) {
        if (++chain_count_ > kChains)
            TokenStream::fail(position, "more than " + std::to_string(kChains) + " chains");
        ChainSource fresh;
        fresh.name = name;
        fresh.position = position;
        table.chains.push_back(std::move(fresh));
        known = table.chains.end() - 1;
    }
    ChainSource& chain = *known;
    for (;;) {
        tokens_.skip_newlines();
        if (tokens_.accept("}")) break;
        const Token token = tokens_.peek();
        if (token.kind == TokenKind::kEnd) TokenStream::fail(position, "this chain has no closing brace");
        if (token.is("type")) {
            if (chain.hook != Hook::kNone || !chain.rules.empty())
                TokenStream::fail(token.position, "the type of a chain stands once, before its rules");
            tokens_.next();
            base_chain(chain, table);
        } else if (token.is("policy")) {
            tokens_.next();
            const Token policy = tokens_.next();
            if (!policy.is("accept") && !policy.is("drop"))
                TokenStream::fail(policy.position, "a policy is accept or drop, found " + shown(policy));
            if (chain.hook == Hook::kNone)
                TokenStream::fail(token.position, "only a chain with a hook has a policy");
            if (chain.type == ChainType::kNat && policy.is("drop"))
                TokenStream::fail(policy.position,
                                  "a nat chain sees the first packet of a flow only; its policy is accept");
            chain.drop = policy.is("drop");
            tokens_.end_statement();
        } else if (token.is("comment")) {
            tokens_.next();
            tokens_.next();
            tokens_.end_statement();
        } else if (!common(&table)) {
            rule(table, chain);
        }
    }
    tokens_.end_statement();
}

void Parser::rule(TableSource& table, ChainSource& chain) {
    Rule rule;
    rule.position = tokens_.peek().position;
    if (++rule_count_ > Limits::kRules)
        TokenStream::fail(rule.position, "more than " + std::to_string(Limits::kRules) + " rules");
    tokens_.start_text();
    bool ended = false;
    std::uint8_t transport = 0, family = 0;  // what the rule has asked for so far
    while (tokens_.peek().kind != TokenKind::kNewline && tokens_.peek().kind != TokenKind::kEnd &&
           !tokens_.peek().is("}")) {
        const Position position = tokens_.peek().position;
        if (tokens_.accept("comment")) {
            tokens_.next();
            continue;
        }
        if (ended) TokenStream::fail(position, "nothing is done behind a verdict or a translation");
        Item item = this->item(table, chain, rule);
        ended = std::holds_alternative<Final>(item) || std::holds_alternative<Dispatch>(item) ||
                std::holds_alternative<Reject>(item) || std::holds_alternative<Translate>(item);
        const auto check = [&](const std::vector<KeyPart>& key) {
            for (const KeyPart& part : key)
                if (!is_of_family(part.field, table.family))
                    TokenStream::fail(position, "a table of this family never sees such packets");
            for (const KeyPart& part : key) {
                const std::uint8_t other = transport_of(part.field);
                if (other != 0 && transport != 0 && other != transport)
                    TokenStream::fail(
                        position, "no packet has this protocol and one that this rule has asked for before");
                if (other != 0) transport = other;
                const bool v4 = !is_of_family(part.field, TableFamily::kIpv6);
                const bool v6 = !is_of_family(part.field, TableFamily::kIpv4);
                if ((v4 && family == 6) || (v6 && family == 4))
                    TokenStream::fail(position, "no packet is of both families, IPv4 and IPv6");
                if (v4 || v6) family = v4 ? 4 : 6;
            }
        };
        if (const auto* match = std::get_if<Match>(&item)) check(match->key);
        if (const auto* dispatch = std::get_if<Dispatch>(&item)) check(dispatch->key);
        rule.items.push_back(std::move(item));
    }
    rule.text = tokens_.text();
    chain.rules.push_back(std::move(rule));
    tokens_.end_statement();
}

}  // namespace holm::filter::language

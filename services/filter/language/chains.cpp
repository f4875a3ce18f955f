// Chains: where they hang, and the rules in them.

#include <algorithm>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

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

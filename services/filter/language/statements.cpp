// What a rule does: verdicts, counters, limits, logs and marks.

#include <algorithm>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

constexpr std::string_view kStatements =
    "a match (ip, ip6, tcp, udp, icmp, icmpv6, th, meta, ct, iif, oif, iifname, oifname), counter, limit, "
    "log, "
    "accept, drop, reject, return, continue, jump, goto, snat, dnat, masquerade, redirect, notrack, meta "
    "mark set, "
    "ct mark set, comment";

}  // namespace

bool Parser::at_verdict() {
    const Token& token = tokens_.peek();
    return token.is("accept") || token.is("drop") || token.is("return") || token.is("continue") ||
           token.is("jump") || token.is("goto");
}

Verdict Parser::verdict() {
    const Token token = tokens_.next();
    Verdict verdict{Code::kAccept, {}, token.position};
    if (token.is("accept"))
        verdict.code = Code::kAccept;
    else if (token.is("drop"))
        verdict.code = Code::kDrop;
    else if (token.is("return"))
        verdict.code = Code::kReturn;
    else if (token.is("continue"))
        verdict.code = Code::kNext;
    else if (token.is("jump") || token.is("goto"))
        verdict.code = token.is("jump") ? Code::kJump : Code::kGoto;
    else
        TokenStream::fail(token.position,
                          "expected a verdict (accept, drop, return, continue, jump CHAIN, goto "
                          "CHAIN), found " +
                              shown(token));
    if (verdict.code == Code::kJump || verdict.code == Code::kGoto)
        verdict.chain = tokens_.word("the name of a chain");
    return verdict;
}

Item Parser::limit() {
    Limit limit;
    tokens_.expect("rate");
    const bool over = tokens_.accept("over");
    if (!over) tokens_.accept("until");
    limit.entry.over = over ? 1 : 0;
    const Position position = tokens_.peek().position;
    limit.entry.rate = number("a rate", std::uint64_t{1} << 32U);
    if (limit.entry.rate == 0) TokenStream::fail(position, "a rate of 0: use drop");
    std::string unit;
    if (tokens_.accept("/")) {
        unit = tokens_.word("a unit of time");
    } else {
        unit = tokens_.word("'/' and a unit of time, or bytes/, kbytes/, mbytes/");
        const std::size_t slash = unit.find('/');
        const std::string amount = unit.substr(0, slash);
        if (amount == "kbytes")
            limit.entry.rate *= 1024;
        else if (amount == "mbytes")
            limit.entry.rate *= 1024 * 1024;
        else if (amount != "bytes")
            TokenStream::fail(position, "unknown amount '" + amount + "'; allowed: bytes, kbytes, mbytes");
        limit.entry.by_bytes = 1;
        if (slash == std::string::npos) {
            tokens_.expect("/");
            unit = tokens_.word("a unit of time");
        } else {
            unit = unit.substr(slash + 1);
            if (unit.empty()) unit = tokens_.word("a unit of time");
        }
    }
    constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
        {"second", 1}, {"minute", 60}, {"hour", 3'600}, {"day", 86'400}, {"week", 604'800}};
    const auto found =
        std::ranges::find(kUnits, std::string_view(unit), &std::pair<std::string_view, std::uint64_t>::first);
    if (found == std::end(kUnits))
        TokenStream::fail(position,
                          "unknown unit of time '" + unit + "'; allowed: second, minute, hour, day, week");
    limit.entry.nanoseconds = found->second * 1'000'000'000;
    limit.entry.burst = limit.entry.by_bytes != 0 ? 0 : 5;
    if (tokens_.accept("burst")) {
        limit.entry.burst = number("a burst", 1U << 22U);
        const Token what = tokens_.next();
        std::uint64_t factor = 1;
        if (what.is("kbytes")) factor = 1024;
        if (what.is("mbytes")) factor = 1024 * 1024;
        const bool bytes = what.is("bytes") || factor > 1;
        if ((!bytes && !what.is("packets")) || bytes != (limit.entry.by_bytes != 0))
            TokenStream::fail(what.position,
                              std::string("the burst of this limit counts ") +
                                  (limit.entry.by_bytes != 0 ? "bytes, kbytes or mbytes" : "packets"));
        limit.entry.burst = std::min(limit.entry.burst * factor, std::uint64_t{1} << 32U);
    }
    return limit;
}

Item Parser::log() {
    Log log;
    for (;;) {
        if (tokens_.accept("prefix")) {
            const Token prefix = tokens_.next();
            if (prefix.kind != TokenKind::kString || prefix.text.size() > 127)
                TokenStream::fail(prefix.position, "expected a prefix in quotes, at most 127 characters");
            log.prefix = prefix.text;
        } else if (tokens_.accept("level")) {
            constexpr std::string_view kLevels[] = {"emerg", "alert",  "crit", "err",
                                                    "warn",  "notice", "info", "debug"};
            const Token level = tokens_.next();
            const auto found = std::ranges::find(kLevels, std::string_view(level.text));
            if (found == std::end(kLevels))
                TokenStream::fail(level.position,
                                  "unknown level " + shown(level) +
                                      "; allowed: emerg, alert, crit, err, warn, notice, info, debug");
            log.level = std::uint32_t(found - std::begin(kLevels));
        } else if (tokens_.peek().is("group") || tokens_.peek().is("flags") || tokens_.peek().is("snaplen") ||
                   tokens_.peek().is("queue-threshold")) {
            TokenStream::fail(tokens_.peek().position,
                              "log " + tokens_.peek().text + " is not supported; allowed: prefix, level");
        } else {
            return log;
        }
    }
}

Item Parser::set_mark(TableSource& table, bool of_connection) {
    SetMark set;
    set.of_connection = of_connection;
    if (!at_field()) {
        set.flip = std::uint32_t(number("a mark", 0xffffffff));
        return set;
    }
    const Position position = tokens_.peek().position;
    const Key key = this->key();
    if (tokens_.accept("map")) {
        const std::vector<Type> data{Type::kMark};
        set.map = Dispatch{key.parts, set_use(table, key, false, &data), position};
        return set;
    }
    if (key.parts.size() != 1 ||
        (key.parts[0].field != Field::kMetaMark && key.parts[0].field != Field::kCtMark))
        TokenStream::fail(position,
                          "a mark is set to a number, to meta mark or ct mark, or to FIELD map { … }");
    set.source = key.parts[0].field;
    set.mask = 0xffffffff;
    for (;;) {
        if (tokens_.accept("&") || tokens_.accept("and")) {
            const auto value = std::uint32_t(number("a mask", 0xffffffff));
            set.mask &= value;
            set.flip &= value;
        } else if (tokens_.accept("|") || tokens_.accept("or")) {
            const auto value = std::uint32_t(number("a mask", 0xffffffff));
            set.mask &= ~value;
            set.flip = (set.flip & ~value) | value;
        } else if (tokens_.accept("^") || tokens_.accept("xor")) {
            set.flip ^= std::uint32_t(number("a mask", 0xffffffff));
        } else {
            return set;
        }
    }
}

std::optional<Item> Parser::statement(TableSource& table, ChainSource& chain) {
    if (at_verdict()) return Final{verdict()};
    if (tokens_.accept("counter")) {
        if (tokens_.peek().is("name"))
            TokenStream::fail(tokens_.peek().position,
                              "named counters are not supported; each rule has its own");
        if (tokens_.accept("packets")) {
            number("0: counters begin there", 0);
            tokens_.expect("bytes");
            number("0: counters begin there", 0);
        }
        return Counter{};
    }
    if (tokens_.accept("limit")) return limit();
    if (tokens_.accept("log")) return log();
    if (tokens_.accept("reject")) return reject(table);
    if (tokens_.accept("notrack")) return Notrack{};
    if (tokens_.accept("snat")) return translate(table, chain, NatKind::kSource);
    if (tokens_.accept("dnat")) return translate(table, chain, NatKind::kDestination);
    if (tokens_.accept("masquerade")) return translate(table, chain, NatKind::kMasquerade);
    if (tokens_.accept("redirect")) return translate(table, chain, NatKind::kRedirect);
    if (tokens_.peek(1).is("mark") && tokens_.peek(2).is("set") &&
        (tokens_.peek().is("meta") || tokens_.peek().is("ct"))) {
        const bool of_connection = tokens_.next().is("ct");
        tokens_.next();
        tokens_.next();
        return set_mark(table, of_connection);
    }
    return std::nullopt;
}

Item Parser::item(TableSource& table, ChainSource& chain, Rule&) {
    if (auto found = statement(table, chain)) return std::move(*found);
    if (at_field()) return match(table);
    const Token& token = tokens_.peek();
    TokenStream::fail(token.position,
                      shown(token) + " is not supported in a rule; allowed: " + std::string(kStatements));
}

}  // namespace holm::filter::language

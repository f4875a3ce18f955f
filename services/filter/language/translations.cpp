// Translations: snat, dnat, masquerade, redirect, and where to.

#include "services/filter/language/parser.h"

namespace holm::filter::language {

void Parser::translate_target(TableSource& table, Translate& translate) {
    NatEntry& entry = translate.entry;
    const auto store = [](std::array<std::uint8_t, 16>& into, Number value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; ++i) into[i] = std::uint8_t(value >> (8 * (bytes - 1 - i)));
    };
    if (at_field()) {
        const Position position = tokens_.peek().position;
        const Key key = this->key();
        tokens_.expect("map");
        if (entry.family == 0) entry.family = table.family == TableFamily::kIpv6 ? 6 : 4;
        std::vector<Type> data{entry.family == 6 ? Type::kIpv6 : Type::kIpv4};
        // "addr . port", or whatever a named map has.
        if (entry.has_port != 0) data.push_back(Type::kService);
        if (tokens_.peek().is("@") && entry.has_port == 0) {
            const NamedSet& set = table.sets[find_set(table, tokens_.peek(1))];
            if (set.data.size() == 2) {
                data.push_back(Type::kService);
                entry.has_port = 1;
            }
        }
        entry.has_address = 1;
        translate.map = Dispatch{key.parts, set_use(table, key, false, &data), position};
        return;
    }
    if (!tokens_.peek().is(":")) {
        const bool bracket = tokens_.accept("[");
        const Token low = tokens_.next();
        const bool is_v6 = low.kind == TokenKind::kAddress && low.text.contains(':');
        const Type type = is_v6 ? Type::kIpv6 : Type::kIpv4;
        const unsigned family = is_v6 ? 6 : 4;
        if (low.kind != TokenKind::kAddress)
            TokenStream::fail(low.position,
                              "expected an address, ':' and a port, or FIELD map { … }, found " + shown(low));
        if ((entry.family != 0 && entry.family != family) ||
            table.family == (is_v6 ? TableFamily::kIpv4 : TableFamily::kIpv6))
            TokenStream::fail(low.position, "an address of the other family");
        entry.family = std::uint8_t(family);
        entry.has_address = 1;
        const Number from = address(low, type);
        Number to = from;
        if (bracket) tokens_.expect("]");
        if (tokens_.accept("/")) {
            const auto length = unsigned(number("a prefix length", is_v6 ? 128 : 32));
            const Number host = ones((is_v6 ? 128 : 32) - length);
            if ((from & host) != 0) TokenStream::fail(low.position, "a prefix with bits of a host");
            to = from | host;
        } else if (tokens_.accept("-")) {
            const bool second = tokens_.accept("[");
            const Token high = tokens_.next();
            to = address(high, type);
            if (second) tokens_.expect("]");
            if (to < from) TokenStream::fail(high.position, "this range ends before it begins");
        }
        store(entry.address_low, from, is_v6 ? 16 : 4);
        store(entry.address_high, to, is_v6 ? 16 : 4);
    }
    if (tokens_.accept(":")) {
        const Position position = tokens_.peek().position;
        const Range ports = value(Type::kService, 16);
        if (ports.low == 0)
            TokenStream::fail(position, "port 0 cannot be translated to; allowed: 1 to 65535");
        entry.has_port = 1;
        entry.port_low = std::uint16_t(ports.low);
        entry.port_high = std::uint16_t(ports.high);
    }
}

Item Parser::translate(TableSource& table, const ChainSource& chain, NatKind kind) {
    const Position position = tokens_.peek().position;
    Translate translate;
    translate.entry.kind = kind;
    if (chain.hook != Hook::kNone && chain.type != ChainType::kNat)
        TokenStream::fail(position, "translations stand in chains of type nat");
    const bool needs_target = kind == NatKind::kSource || kind == NatKind::kDestination;
    if (needs_target) {
        if (tokens_.accept("ip"))
            translate.entry.family = 4;
        else if (tokens_.accept("ip6"))
            translate.entry.family = 6;
        if (tokens_.accept("addr")) {
            tokens_.expect(".");
            tokens_.expect("port");
            translate.entry.has_port = 1;
        }
        tokens_.expect("to");
        translate_target(table, translate);
    } else if (tokens_.accept("to")) {
        if (!tokens_.peek().is(":"))
            TokenStream::fail(tokens_.peek().position, "masquerade and redirect go to ports: to :8080");
        translate_target(table, translate);
    }
    for (;;) {
        if (tokens_.accept("random") || tokens_.accept("fully-random"))
            translate.entry.random = 1;
        else if (tokens_.accept("persistent"))
            translate.entry.persistent = 1;
        else if (!tokens_.accept(","))
            return translate;
    }
}

}  // namespace holm::filter::language

// Constants: numbers, names, addresses, prefixes and ranges.

#include <charconv>

#include "base/address_text.h"
#include "services/filter/language/parser.h"

namespace holm::filter::language {

std::uint64_t Parser::number(std::string_view what, std::uint64_t most) {
    const Token token = tokens_.next();
    std::uint64_t result = 0;
    const bool is_hex = token.text.starts_with("0x") || token.text.starts_with("0X");
    const char* begin = token.text.data() + (is_hex ? 2 : 0);
    const char* end = token.text.data() + token.text.size();
    const auto [stop, error] = std::from_chars(begin, end, result, is_hex ? 16 : 10);
    if (token.kind != TokenKind::kNumber || error != std::errc{} || stop != end || result > most)
        TokenStream::fail(token.position, "expected " + std::string(what) + " from 0 to " +
                                              std::to_string(most) + ", found " + shown(token));
    return result;
}

Number Parser::address(const Token& token, Type type) {
    Number result = 0;
    if (type == Type::kIpv4) {
        const auto parsed = parse_ipv4(token.text);
        if (!parsed)
            TokenStream::fail(token.position, "expected " + allowed_values(type) + ", found " + shown(token));
        for (const std::uint8_t octet : *parsed) result = result << 8 | octet;
        return result;
    }
    const auto parsed = parse_ipv6(token.text);
    if (!parsed)
        TokenStream::fail(token.position, "expected " + allowed_values(type) + ", found " + shown(token));
    for (const std::uint8_t octet : *parsed) result = result << 8 | octet;
    return result;
}

// Numbers stand for interfaces in a compiled rule set: 1 for the first name, and so on.
Number Parser::interface_name(const Token& token, bool& pattern) {
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kWord)
        TokenStream::fail(token.position,
                          "expected " + allowed_values(Type::kInterface) + ", found " + shown(token));
    std::string name = token.text;
    pattern = name.ends_with('*');
    if (pattern) name.pop_back();
    if (name.contains('*'))
        TokenStream::fail(token.position, "'*' stands at the end of an interface's name only");
    if (name.size() > 15 || (name.empty() && !pattern))
        TokenStream::fail(token.position, "an interface's name has 1 to 15 characters");
    std::size_t patterns = 0;
    for (std::size_t i = 0; i < rules_.interfaces.size(); ++i) {
        if (rules_.interfaces[i] == std::pair(name, pattern)) return pattern ? patterns : i + 1;
        patterns += rules_.interfaces[i].second ? 1 : 0;
    }
    if (rules_.interfaces.size() == kInterfaceNames || (pattern && patterns == kPatterns))
        TokenStream::fail(token.position, "more than " +
                                              std::to_string(pattern ? kPatterns : kInterfaceNames) +
                                              (pattern ? " patterns" : " names") + " of interfaces");
    rules_.interfaces.emplace_back(name, pattern);
    return pattern ? patterns : rules_.interfaces.size();
}

Number Parser::single(Type type, unsigned bits) {
    const Token& token = tokens_.peek();
    if (type == Type::kIpv4 || type == Type::kIpv6) return address(tokens_.next(), type);
    if (type == Type::kInterface) {
        const Token name = tokens_.next();
        bool pattern = false;
        const Number result = interface_name(name, pattern);
        if (pattern)
            TokenStream::fail(name.position,
                              "a pattern of interfaces cannot be in a set; compare with it: iifname "
                              "\"eth*\"");
        return result;
    }
    if (token.kind == TokenKind::kWord) {
        const Token name = tokens_.next();
        // nft lexes "echo-request" and "a-b" alike: names do not form ranges without spaces.
        const auto found = find_value(type, name.text);
        if (!found)
            TokenStream::fail(name.position,
                              "unknown value '" + name.text + "'; allowed: " + allowed_values(type));
        return *found;
    }
    return number(allowed_values(type), std::uint64_t(ones(bits)));
}

// "syn", "syn,ack", "syn | ack", "(syn | ack)": several bits at once.
Number Parser::bit_names(Type type, unsigned bits) {
    const bool inside = tokens_.accept("(");
    Number result = single(type, bits);
    while (tokens_.accept(",") || tokens_.accept("|")) result |= single(type, bits);
    if (inside) tokens_.expect(")");
    return result;
}

Range Parser::value(Type type, unsigned bits) {
    const Position position = tokens_.peek().position;
    const bool is_address = type == Type::kIpv4 || type == Type::kIpv6;
    if (tokens_.accept("*")) return {0, ones(bits)};
    const Number low = single(type, bits);
    if (is_address && tokens_.accept("/")) {
        const auto length = unsigned(number("a prefix length", bits));
        const Number host = ones(bits - length);
        return {low & ~host, low | host};
    }
    if (tokens_.peek().is("-") && type != Type::kInterface) {
        tokens_.next();
        const Number high = single(type, bits);
        if (high < low) TokenStream::fail(position, "this range ends before it begins");
        return {low, high};
    }
    return {low, low};
}

}  // namespace holm::filter::language

#include "services/filter/language/lexer.h"

#include <algorithm>

namespace holm::filter::language {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool in_word(char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/';
}

}  // namespace

void Lexer::skip(std::size_t count) {
    for (; count > 0; --count, ++at_) {
        if (text_[at_] == '\n') {
            ++line_;
            column_ = 1;
        } else {
            ++column_;
        }
    }
}

Token Lexer::take(TokenKind kind, std::size_t length) {
    Token token{kind, text_.substr(at_, length), {file_, line_, column_}};
    skip(length);
    return token;
}

// IPv6: hexadecimal digits with at least two colons (and maybe a dotted end); IPv4: three dots between
// numbers.
std::size_t Lexer::address_length() const {
    // No address is longer: a line that is all digits and colons is not looked through again at each of them.
    constexpr std::size_t kLongest = 64;
    std::size_t length = 0, colons = 0;
    while (length <= kLongest && (is_hex(peek(length)) || peek(length) == ':'))
        colons += peek(length++) == ':' ? 1 : 0;
    const bool doubled = std::string_view(text_).substr(at_, length).find("::") != std::string_view::npos;
    if (length <= kLongest && (colons == 7 || (colons >= 2 && doubled))) {
        while (is_digit(peek(length)) || peek(length) == '.') ++length;
        // "1::2:" is an address and the colon of a map.
        while (length > 2 && peek(length - 1) == ':' && peek(length - 2) != ':') --length;
        return length;
    }
    length = 0;
    std::size_t dots = 0;
    while (length <= kLongest &&
           (is_digit(peek(length)) || (peek(length) == '.' && is_digit(peek(length + 1)))))
        dots += peek(length++) == '.' ? 1 : 0;
    return dots == 3 ? length : 0;
}

Token Lexer::next() {
    for (;;) {
        const char c = peek();
        if (at_ >= text_.size()) return take(TokenKind::kEnd, 0);
        if (c == '#') {
            while (at_ < text_.size() && peek() != '\n') skip(1);
        } else if (c == '\\' && peek(1) == '\n') {
            skip(2);
        } else if (c == ' ' || c == '\t' || c == '\r') {
            skip(1);
        } else {
            break;
        }
    }
    const char c = peek();
    if (c == '\n' || c == ';') return take(TokenKind::kNewline, 1);
    if (c == '"') {
        std::size_t length = 1;
        while (at_ + length < text_.size() && peek(length) != '"' && peek(length) != '\n') ++length;
        if (peek(length) != '"')
            throw Problem{{file_, line_, column_}, "this string has no closing quote on its line"};
        Token token = take(TokenKind::kString, length + 1);
        token.text = token.text.substr(1, length - 1);
        return token;
    }
    if (is_hex(c) || c == ':') {
        if (const std::size_t length = address_length(); length > 0 && !is_letter(peek(length)))
            return take(TokenKind::kAddress, length);
    }
    if (is_digit(c)) {
        std::size_t length = 1;
        if (c == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
            length = 2;
            while (is_hex(peek(length))) ++length;
        } else {
            while (is_digit(peek(length))) ++length;
        }
        if (is_letter(peek(length)))
            throw Problem{
                {file_, line_, column_},
                "a number with letters behind it; names in quotes may begin with a digit, addresses have "
                "all their parts"};
        return take(TokenKind::kNumber, length);
    }
    if (is_letter(c)) {
        std::size_t length = 1;
        while (in_word(peek(length))) ++length;
        if (peek(length) == '*') ++length;
        return take(TokenKind::kWord, length);
    }
    for (const std::string_view symbol : {"==", "!=", "<=", ">=", "<<", ">>"})
        if (std::string_view(text_).substr(at_, 2) == symbol) return take(TokenKind::kSymbol, 2);
    if (std::string_view("{}()[]<>=!,.:/-|&^@$*+").contains(c)) return take(TokenKind::kSymbol, 1);
    throw Problem{{file_, line_, column_}, "a character that has no meaning here"};
}

}  // namespace holm::filter::language

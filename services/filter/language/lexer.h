#pragma once

// The words of the nft language (nft(8), "lexical conventions").

#include <string>
#include <string_view>

#include "services/filter/language/source.h"

namespace holm::filter::language {

enum class TokenKind : std::uint8_t {
    kEnd,
    kNewline,  // a line's end, or a semicolon
    kWord,     // keywords, names
    kNumber,   // decimal or 0x…
    kAddress,  // IPv4 or IPv6, as text
    kString,   // in quotes; text without them
    kSymbol,   // everything else: one or two characters
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    std::string text;
    Position position;

    bool is(std::string_view what) const {
        return text == what && (kind == TokenKind::kWord || kind == TokenKind::kSymbol);
    }
};

class Lexer {
  public:
    Lexer(std::string text, std::shared_ptr<const std::string> file)
        : text_(std::move(text)), file_(std::move(file)) {}

    // Throws Problem.
    Token next();

  private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    void skip(std::size_t count);
    Token take(TokenKind kind, std::size_t length);
    std::size_t address_length() const;

    std::string text_;
    std::shared_ptr<const std::string> file_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    std::uint32_t column_ = 1;
};

}  // namespace holm::filter::language

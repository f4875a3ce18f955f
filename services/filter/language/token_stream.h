#pragma once

// The tokens of a rule file with what it includes and with variables put in.

#include <deque>
#include <map>
#include <vector>

#include "services/filter/language/lexer.h"

namespace holm::filter::language {

class TokenStream {
  public:
    TokenStream(std::string text, const std::string& name, FileReader reader);

    const Token& peek(std::size_t ahead = 0);
    Token next();
    // Takes the next token if it is this word or symbol.
    bool accept(std::string_view what);
    // Throws, saying what was allowed.
    void expect(std::string_view what, std::string_view why = {});
    std::string word(std::string_view what);  // a name; `what` says of what
    void skip_newlines();
    // The end of a statement: a line's end, a semicolon, or a closing brace, which stays.
    void end_statement();

    void include(const Token& path);
    void define(const std::string& name, std::vector<Token> value, bool again, const Position& position);
    void undefine(const std::string& name, const Position& position);
    // Between the two, what is read is collected as text.
    void start_text() { text_.clear(); }
    const std::string& text() const { return text_; }

    [[noreturn]] static void fail(const Position& position, std::string what) {
        throw Problem{position, std::move(what)};
    }

  private:
    void fill(std::size_t count);
    void substitute(const Token& dollar);
    Token raw();

    FileReader reader_;
    std::vector<Lexer> files_;
    std::deque<Token> ahead_;
    std::map<std::string, std::vector<Token>, std::less<>> variables_;
    std::size_t bytes_;  // of all files, as often as they are included
    std::size_t count_ = 0;
    std::string text_;
};

// For messages: a token as it was written.
std::string shown(const Token& token);
// What could have been meant, for the end of a message: the first of the names, or that there is none.
std::string offered(const std::vector<std::string_view>& names);

}  // namespace holm::filter::language

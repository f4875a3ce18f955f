#include "services/dns/master/lexer.h"

#include <format>

namespace holm::dns {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

bool ends_word(char c) {
    return is_space(c) || c == '\n' || c == '(' || c == ')' || c == ';' || c == '"';
}

}  // namespace

// Over bytes of one line.
void Lexer::advance(std::size_t bytes) {
    rest_.remove_prefix(bytes);
    column_ += static_cast<std::uint32_t>(bytes);
}

std::unexpected<Mistake> Lexer::mistake(Place where, std::string text) {
    const std::size_t end = rest_.find('\n');
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
    return std::unexpected(Mistake{where, std::move(text)});
}

std::expected<Word, Mistake> Lexer::quoted_word() {
    const Place begin = here();
    advance(1);
    std::size_t size = 0;
    while (size < rest_.size() && rest_[size] != '"' && rest_[size] != '\n') {
        size += rest_[size] == '\\' && size + 1 < rest_.size() && rest_[size + 1] != '\n' ? 2 : 1;
    }
    if (size >= rest_.size() || rest_[size] == '\n')
        return mistake(begin, "a quotation mark is opened and not closed in this line");
    const Word word{rest_.substr(0, size), true, begin};
    advance(size + 1);
    return word;
}

std::expected<Word, Mistake> Lexer::plain_word() {
    const Place begin = here();
    std::size_t size = 0;
    while (size < rest_.size() && !ends_word(rest_[size])) {
        if (rest_[size] == '\\') {
            if (size + 1 >= rest_.size() || rest_[size + 1] == '\n')
                return mistake(begin, "a backslash at the end of the line escapes nothing");
            ++size;
        }
        ++size;
    }
    const Word word{rest_.substr(0, size), false, begin};
    advance(size);
    return word;
}

std::expected<bool, Mistake> Lexer::next(Entry& entry) {
    entry.words.clear();
    entry.begins_with_space = false;
    Place open;  // of the parenthesis
    bool is_open = false;
    while (!rest_.empty()) {
        const char c = rest_[0];
        if (c == '\n') {
            entry.end = here();
            rest_.remove_prefix(1);
            ++line_;
            column_ = 1;
            if (is_open) continue;
            if (!entry.words.empty()) return true;
            entry.begins_with_space = false;
        } else if (is_space(c)) {
            if (column_ == 1 && entry.words.empty() && !is_open) entry.begins_with_space = true;
            advance(1);
        } else if (c == ';') {
            const std::size_t end = rest_.find('\n');
            advance(end == rest_.npos ? rest_.size() : end);
        } else if (c == '(') {
            if (is_open)
                return mistake(
                    here(),
                    std::format("a parenthesis inside the one of line {}, column {}; they do not nest",
                                open.line, open.column));
            open = here();
            is_open = true;
            advance(1);
        } else if (c == ')') {
            if (!is_open) return mistake(here(), "a closing parenthesis without an opening one");
            is_open = false;
            advance(1);
        } else {
            auto word = c == '"' ? quoted_word() : plain_word();
            if (!word) return std::unexpected(std::move(word.error()));
            if (entry.words.size() == kMostWords)
                return mistake(word->where, std::format("an entry of more than {} words", kMostWords));
            entry.words.push_back(*word);
        }
    }
    entry.end = here();
    if (is_open) return mistake(open, "a parenthesis is opened and not closed");
    return !entry.words.empty();
}

}  // namespace holm::dns

#pragma once

// The words of a master file (RFC 1035, section 5.1), an entry at a time: parentheses carry it over lines,
// comments are left out, quotes and escapes stay in the words until it is known what they are for.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace holm::dns {

// A place in a file, counted from 1; the file is a number in the list of those that were read.
struct Place {
    std::uint32_t file = 0;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct Mistake {
    Place where;
    std::string text;
};

struct Word {
    std::string_view text;  // without the quotes, escapes as they are
    bool quoted = false;
    Place where;
};

struct Entry {
    std::vector<Word> words;
    bool begins_with_space = false;  // the owner is that of the record before
    Place end;                       // where a further word would have been expected
};

class Lexer {
  public:
    // The text must live as long as the words do.
    Lexer(std::string_view text, std::uint32_t file) : rest_(text), file_(file) {}

    // The next entry that has words; false at the end of the file. After a mistake the next call goes on
    // behind the line that it stands in.
    std::expected<bool, Mistake> next(Entry& entry);

  private:
    static constexpr std::size_t kMostWords = 100'000;  // more than 64 KiB of data could need

    Place here() const { return {file_, line_, column_}; }
    void advance(std::size_t bytes);
    std::unexpected<Mistake> mistake(Place where, std::string text);
    std::expected<Word, Mistake> quoted_word();
    std::expected<Word, Mistake> plain_word();

    std::string_view rest_;
    std::uint32_t file_;
    std::uint32_t line_ = 1;
    std::uint32_t column_ = 1;
};

}  // namespace holm::dns

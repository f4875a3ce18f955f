#pragma once

// How text is shown: colours where a terminal shows them, none elsewhere.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holm::cli {

// For standard output; NO_COLOR and TERM=dumb are respected.
class Style {
  public:
    Style();
    std::string bold(std::string_view text) const { return wrap("1", text); }
    std::string dim(std::string_view text) const { return wrap("2", text); }
    std::string good(std::string_view text) const { return wrap("32", text); }
    std::string bad(std::string_view text) const { return wrap("31", text); }

  private:
    std::string wrap(std::string_view code, std::string_view text) const;
    bool coloured_;
};

// Of a terminal, for text in UTF-8 without wide characters; colours take none.
std::size_t columns_of(std::string_view text);

// Of the terminal that standard output is; 0 where it is none, or one that does not know.
std::size_t terminal_columns();

// "61.4 KB": bytes for people, powers of 1024.
std::string human_size(std::uint64_t bytes);

}  // namespace holm::cli

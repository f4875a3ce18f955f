#pragma once

// std::format and std::println whose work is compiled once, in format.cpp: where each source compiled it anew
// it was more than half of the time to build the command (docs/decisions/0022).

#include <cstdio>
#include <format>
#include <string>
#include <string_view>

namespace holm::cli {

std::string format_values(std::string_view text, std::format_args values);
// To the stream, with the end of a line or without. Throws std::system_error if that fails, as std::println
// does.
void print_values(std::FILE* stream, std::string_view text, std::format_args values, bool line);

template <typename... Values>
std::string formatted(std::format_string<Values...> text, Values&&... values) {
    return format_values(text.get(), std::make_format_args(values...));
}

template <typename... Values>
void print_line(std::FILE* stream, std::format_string<Values...> text, Values&&... values) {
    print_values(stream, text.get(), std::make_format_args(values...), true);
}

template <typename... Values>
void print_line(std::format_string<Values...> text, Values&&... values) {
    print_values(stdout, text.get(), std::make_format_args(values...), true);
}

template <typename... Values>
void print_text(std::FILE* stream, std::format_string<Values...> text, Values&&... values) {
    print_values(stream, text.get(), std::make_format_args(values...), false);
}

template <typename... Values>
void print_text(std::format_string<Values...> text, Values&&... values) {
    print_values(stdout, text.get(), std::make_format_args(values...), false);
}

}  // namespace holm::cli

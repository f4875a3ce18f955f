#pragma once

// What records of running things look like in a file: a line "key=value" each. A line break in a value is
// written as \n and a backslash as \\, so that no path can be taken for another line.

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::cli {

struct Field {
    std::string key, value;
};

// The line, with its end.
std::string format_field(std::string_view key, std::string_view value);

// Nothing if a line is none. Nothing is assumed about `text`.
std::optional<std::vector<Field>> parse_fields(std::string_view text);

// Replaces the file as a whole: a reader finds the old text or the new one. Fails with the reason, and leaves
// nothing then.
void replace_file(const std::filesystem::path& path, std::string_view text);

// The whole of a file; "" if it cannot be read.
std::string read_record_file(const std::filesystem::path& path);

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace holm::cli

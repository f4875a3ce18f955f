#include "cli/text/duration.h"

#include <charconv>

#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    std::chrono::milliseconds scale{};
    if (unit == "ms") scale = std::chrono::milliseconds(1);
    if (unit == "s") scale = std::chrono::seconds(1);
    if (unit == "m") scale = std::chrono::minutes(1);
    if (unit == "h") scale = std::chrono::hours(1);
    if (error != std::errc{} || scale.count() == 0 || number > kLongest / scale) {
        return std::unexpected(formatted(
            "{} is not a time; allowed: a number with ms, s, m or h behind it, at most a day, such as \"5s\"",
            quote(text)));
    }
    return number * scale;
}

}  // namespace holm::cli

#include "cli/text/duration.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24);

milliseconds unit_of(std::string_view name) {
    if (name == "ms") return milliseconds(1);
    if (name == "s") return std::chrono::seconds(1);
    if (name == "m") return std::chrono::minutes(1);
    if (name == "h") return std::chrono::hours(1);
    return milliseconds(0);
}

// One number with its unit, taken from the front; nothing if there is none.
std::optional<milliseconds> take_part(std::string_view& text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t length = std::min(text.find_first_of("0123456789"), text.size());
    const milliseconds unit = unit_of(text.substr(0, length));
    text.remove_prefix(length);
    if (error != std::errc{} || unit.count() == 0 || number > kLongest / unit) return std::nullopt;
    return number * unit;
}

}  // namespace

Parsed<milliseconds> parse_duration(std::string_view text) {
    milliseconds sum{0};
    std::string_view rest = text;
    do {
        const auto part = take_part(rest);
        if (!part || (sum += *part) > kLongest) {
            return std::unexpected(
                formatted("{} is not a time; allowed: a number with ms, s, m or h behind it, at most a day, "
                          "such as \"5s\" or \"1m30s\"",
                          quote(text)));
        }
    } while (!rest.empty());
    return sum;
}

}  // namespace holm::cli

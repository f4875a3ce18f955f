#pragma once

// HTTP dates (RFC 9110 §5.6.7): written as IMF-fixdate, read in all three forms. Times are seconds since
// 1970-01-01 UTC.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holm::http {

inline constexpr std::size_t kDateLength = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"

// Years 1970 to 9999; times outside are moved to the nearest of them.
std::array<char, kDateLength> format_date(std::int64_t unix_seconds);

// The year 2000 + yy of the RFC 850 form is taken if that is not more than 50 years after `unix_now`, else
// 1900 + yy.
std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t unix_now);

// The Date header's value changes once a second; a busy server writes thousands of them.
class DateCache {
  public:
    std::string_view at(std::int64_t unix_seconds) {
        if (unix_seconds != second_) {
            second_ = unix_seconds;
            text_ = format_date(unix_seconds);
        }
        return {text_.data(), text_.size()};
    }

  private:
    std::int64_t second_ = 0;
    std::array<char, kDateLength> text_ = format_date(0);
};

}  // namespace holm::http

#include "services/http/date.h"

#include <algorithm>
#include <cstring>

namespace holm::http {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear9999 = 253'402'300'799;
constexpr std::string_view kWeekdays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kLongWeekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};

struct Civil {
    std::int64_t year;
    unsigned month;  // 1 to 12
    unsigned day;    // 1 to 31
};

// Days since 1970-01-01 and back, in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible
// low-level date algorithms"): a year begins in March, so that the leap day is its last.
constexpr std::int64_t days_from_civil(Civil c) {
    const std::int64_t year = c.year - (c.month <= 2 ? 1 : 0);
    const std::int64_t era = year / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

constexpr Civil civil_from_days(std::int64_t days) {
    days += 719'468;
    const std::int64_t era = days / 146'097;
    const std::int64_t day_of_era = days - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    const unsigned month = static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
            static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}

static_assert(days_from_civil({1970, 1, 1}) == 0 && days_from_civil({2000, 2, 29}) == 11'016);
static_assert(civil_from_days(11'016).month == 2 && civil_from_days(11'016).day == 29);

// Reads a date from left to right; any mismatch makes the whole of it invalid.
struct Reader {
    std::string_view rest;
    bool valid = true;

    void skip(std::string_view literal) {
        if (!rest.starts_with(literal)) {
            valid = false;
            return;
        }
        rest.remove_prefix(literal.size());
    }
    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (rest.size() <= i || rest[i] < '0' || rest[i] > '9') return invalid();
            value = value * 10 + (rest[i] - '0');
        }
        rest.remove_prefix(digits);
        return value;
    }
    int name_of(std::string_view names) {  // the index of a three-letter name
        const std::size_t at = rest.size() < 3 ? names.npos : names.find(rest.substr(0, 3));
        if (at == names.npos || at % 3 != 0) return invalid();
        rest.remove_prefix(3);
        return static_cast<int>(at / 3);
    }
    int invalid() {
        valid = false;
        return 0;
    }
};

}  // namespace

std::array<char, kDateLength> format_date(std::int64_t unix_seconds) {
    unix_seconds = std::clamp<std::int64_t>(unix_seconds, 0, kYear9999);
    const Civil civil = civil_from_days(unix_seconds / kDay);
    const auto weekday =
        static_cast<std::size_t>((unix_seconds / kDay + 4) % 7);  // 1970-01-01 was a Thursday
    const auto second = static_cast<unsigned>(unix_seconds % kDay);
    std::array<char, kDateLength> text;
    std::memcpy(text.data(), "DDD, 00 MMM 0000 00:00:00 GMT", kDateLength);
    const auto digits = [&text](std::size_t at, unsigned value) {
        text[at] = static_cast<char>('0' + value / 10);
        text[at + 1] = static_cast<char>('0' + value % 10);
    };
    std::memcpy(&text[0], &kWeekdays[weekday * 3], 3);
    std::memcpy(&text[8], &kMonths[(civil.month - 1) * 3], 3);
    digits(5, civil.day);
    digits(12, static_cast<unsigned>(civil.year / 100));
    digits(14, static_cast<unsigned>(civil.year % 100));
    digits(17, second / 3'600);
    digits(20, second / 60 % 60);
    digits(23, second % 60);
    return text;
}

std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t unix_now) {
    Reader in{text};
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const auto read_time = [&] {
        hour = in.number(2);
        in.skip(":");
        minute = in.number(2);
        in.skip(":");
        second = in.number(2);
    };
    if (text.size() == kDateLength && text[3] == ',') {  // Sun, 06 Nov 1994 08:49:37 GMT
        in.name_of(kWeekdays);
        in.skip(", ");
        day = in.number(2);
        in.skip(" ");
        month = in.name_of(kMonths);
        in.skip(" ");
        year = in.number(4);
        in.skip(" ");
        read_time();
        in.skip(" GMT");
    } else if (text.size() == 24 && text[3] == ' ') {  // Sun Nov  6 08:49:37 1994
        in.name_of(kWeekdays);
        in.skip(" ");
        month = in.name_of(kMonths);
        in.skip(" ");
        const bool one_digit = in.rest.starts_with(' ');
        if (one_digit) in.skip(" ");
        day = in.number(one_digit ? 1 : 2);
        in.skip(" ");
        read_time();
        in.skip(" ");
        year = in.number(4);
    } else {  // Sunday, 06-Nov-94 08:49:37 GMT
        const std::size_t comma = text.find(',');
        if (std::ranges::find(kLongWeekdays, text.substr(0, comma)) == std::end(kLongWeekdays))
            return std::nullopt;
        in.rest.remove_prefix(comma);
        in.skip(", ");
        day = in.number(2);
        in.skip("-");
        month = in.name_of(kMonths);
        in.skip("-");
        year = 2000 + in.number(2);
        if (year > civil_from_days(std::clamp<std::int64_t>(unix_now, 0, kYear9999) / kDay).year + 50)
            year -= 100;
        in.skip(" ");
        read_time();
        in.skip(" GMT");
    }
    if (!in.valid || !in.rest.empty()) return std::nullopt;
    if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1) return std::nullopt;
    const Civil civil{year, static_cast<unsigned>(month) + 1, static_cast<unsigned>(day)};
    return days_from_civil(civil) * kDay + hour * 3'600 + minute * 60 + second;
}

}  // namespace holm::http

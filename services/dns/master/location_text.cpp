#include "services/dns/master/location_text.h"

#include <array>

#include "services/dns/master/text_encodings.h"

namespace holm::dns {

namespace {

constexpr std::uint32_t kMiddle = 1u << 31;  // the equator, and the meridian of Greenwich
constexpr std::int64_t kDegree = 3'600'000;  // thousandths of a second of arc

// "-12.34" with at most so many decimals, in units of the last of them.
std::optional<std::int64_t> parse_decimal(std::string_view text, unsigned decimals) {
    const bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    const std::size_t point = std::min(text.find('.'), text.size());
    const auto whole = parse_number(text.substr(0, point), 0xffff'ffff);
    std::string fraction(text.substr(std::min(point + 1, text.size())));
    if (!whole || fraction.size() > decimals || (point < text.size() && fraction.empty()))
        return std::nullopt;
    fraction.resize(decimals, '0');
    const auto parts = decimals == 0 ? std::optional(0u) : parse_number(fraction, 0xffff'ffff);
    if (!parts) return std::nullopt;
    std::int64_t number = *whole;
    for (unsigned i = 0; i < decimals; ++i) number *= 10;
    number += *parts;
    return is_negative ? -number : number;
}

// Centimetres, of "12m" or "12.34".
std::optional<std::int64_t> parse_metres(std::string_view text) {
    if (text.ends_with('m') || text.ends_with('M')) text.remove_suffix(1);
    return parse_decimal(text, 2);
}

// Degrees, minutes, seconds; the last two may be left out. Then which half of the earth.
bool read_angle(WordReader& words, char positive, char negative, std::int64_t most_degrees) {
    std::int64_t angle = 0;
    const std::string what = std::format(
        "degrees up to {}, minutes and seconds up to 59 (such as 43.952), the last two if need be, and then "
        "{} or {}",
        most_degrees, positive, negative);
    for (int part = 0;; ++part) {
        const Word* word = words.take(what);
        if (word == nullptr) return false;
        const char half = word->text.size() == 1 ? static_cast<char>(word->text[0] & ~0x20) : '\0';
        if (part > 0 && (half == positive || half == negative)) {
            if (angle > most_degrees * kDegree) return words.wrong(word->where, what + "; this is more");
            const auto offset = static_cast<std::uint32_t>(angle);
            words.append(half == positive ? kMiddle + offset : kMiddle - offset, 4);
            return true;
        }
        const auto number = part < 3 ? parse_decimal(word->text, part == 2 ? 3 : 0) : std::nullopt;
        const std::int64_t limit = part == 0 ? most_degrees : part == 1 ? 59 : 59'999;
        if (!number || *number < 0 || *number > limit || word->text.starts_with('-'))
            return words.wrong(word->where, what + " are expected here");
        angle += *number * (part == 0 ? kDegree : part == 1 ? 60'000 : 1);
    }
}

// As a digit and a power of ten, of centimetres (section 2).
std::uint32_t as_power(std::int64_t centimetres) {
    std::uint32_t exponent = 0;
    for (; centimetres >= 10; centimetres /= 10) ++exponent;
    return static_cast<std::uint32_t>(centimetres) << 4 | exponent;
}

}  // namespace

bool read_location(WordReader& words) {
    // The angles are read first, and stand behind the sizes.
    WordReader places(words.left(), words.end(), words.origin());
    if (!read_angle(places, 'N', 'S', 90) || !read_angle(places, 'E', 'W', 180)) return words.adopt(places);
    const Word* altitude = places.take("an altitude in metres, such as -24m");
    if (altitude == nullptr) return words.adopt(places);
    constexpr std::int64_t kLowest = -10'000'000;  // centimetres
    const auto height = parse_metres(altitude->text);
    if (!height || *height < kLowest || *height - kLowest > 0xffff'ffff) {
        return words.wrong(altitude->where,
                           "an altitude in metres is expected here, -100000.00 to 42849672.95, such as -24m");
    }
    // The diameter of what is there, how exact the place is, and the altitude.
    std::array<std::uint32_t, 3> sizes = {as_power(100), as_power(1'000'000), as_power(1'000)};
    for (std::uint32_t& size : sizes) {
        if (places.is_over()) break;
        const Word& word = *places.take("");
        const auto metres = parse_metres(word.text);
        if (!metres || *metres < 0 || *metres > 9'000'000'000 || word.text.starts_with('-'))
            return words.wrong(word.where, "metres are expected here, 0 to 90000000.00, such as 10m");
        size = as_power(*metres);
    }
    words.append(0, 1);  // version
    for (const std::uint32_t size : sizes) words.append(size, 1);
    words.append(places.data());
    words.append(static_cast<std::uint32_t>(*height - kLowest), 4);
    return words.skip_to(places);
}

}  // namespace holm::dns

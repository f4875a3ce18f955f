#include "kernel/platform/virtio/real_time_clock.h"

#include <cstring>

#ifdef HOLM_GUEST
#include "kernel/platform/virtio/x86_64/ports.h"
#endif

namespace holm::platform {
namespace {

constexpr std::uint8_t kBinary = 1 << 2;  // status B: not BCD
constexpr std::uint8_t k24Hours = 1 << 1;
constexpr std::uint8_t kAfternoon = 0x80;  // in the hours, when they are twelve

int number(std::uint8_t value, bool binary) {
    return binary ? value : (value >> 4) * 10 + (value & 15);
}

// Days from 1970-01-01 to a date of the Gregorian calendar.
std::int64_t days_since_1970(int year, int month, int day) {
    const std::int64_t shifted = month <= 2 ? year - 1 : year;
    const std::int64_t era = shifted / 400;
    const std::int64_t of_era = shifted - era * 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

}  // namespace

std::optional<std::int64_t> seconds_since_1970(RealTimeClockRegisters registers) {
    const bool binary = (registers.status_b & kBinary) != 0;
    const bool afternoon = (registers.status_b & k24Hours) == 0 && (registers.hours & kAfternoon) != 0;
    const int seconds = number(registers.seconds, binary);
    const int minutes = number(registers.minutes, binary);
    int hours = number(afternoon ? registers.hours & ~kAfternoon : registers.hours, binary);
    if ((registers.status_b & k24Hours) == 0) hours = hours % 12 + (afternoon ? 12 : 0);
    const int day = number(registers.day, binary);
    const int month = number(registers.month, binary);
    // Firmware that does not keep the century leaves nonsense there.
    const int century = number(registers.century, binary);
    const int year = (century >= 19 && century <= 29 ? century : 20) * 100 + number(registers.year, binary);
    if (seconds > 60 || minutes > 59 || hours > 23 || day < 1 || day > 31 || month < 1 || month > 12 ||
        year < 1970)
        return std::nullopt;
    return days_since_1970(year, month, day) * 86400 + hours * 3600 + minutes * 60 + seconds;
}

#ifdef HOLM_GUEST
static std::uint8_t read_register(std::uint8_t index) {
    out8(0x70, index);
    return in8(0x71);
}

std::optional<std::int64_t> read_real_time_clock() {
    constexpr std::uint8_t kUpdating = 1 << 7;
    constexpr int kAttempts = 100'000;
    const auto read_once = [] {
        RealTimeClockRegisters now{};
        for (int i = 0; i < kAttempts && (read_register(0x0a) & kUpdating) != 0; ++i) {
        }
        now.seconds = read_register(0x00);
        now.minutes = read_register(0x02);
        now.hours = read_register(0x04);
        now.day = read_register(0x07);
        now.month = read_register(0x08);
        now.year = read_register(0x09);
        now.century = read_register(0x32);
        now.status_b = read_register(0x0b);
        return now;
    };
    if (read_register(0x0a) == 0xff && read_register(0x0b) == 0xff) return std::nullopt;
    // Read until two readings agree: an update may come in between.
    RealTimeClockRegisters before = read_once();
    for (int i = 0; i < 3; ++i) {
        const RealTimeClockRegisters now = read_once();
        if (std::memcmp(&before, &now, sizeof now) == 0) return seconds_since_1970(now);
        before = now;
    }
    return seconds_since_1970(before);
}
#endif

}  // namespace holm::platform

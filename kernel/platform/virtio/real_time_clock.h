#pragma once

// The battery-backed clock of a PC (MC146818), in UTC, to the second.

#include <array>
#include <cstdint>
#include <optional>

namespace holm::platform {

// Its registers 0 to 0x32, as far as they are needed.
struct RealTimeClockRegisters {
    std::uint8_t seconds, minutes, hours, day, month, year, century;
    std::uint8_t status_b;
};

// Seconds since 1970; nothing if this is no date.
std::optional<std::int64_t> seconds_since_1970(RealTimeClockRegisters registers);

// Nothing if there is no such clock.
std::optional<std::int64_t> read_real_time_clock();

}  // namespace holm::platform

#include <doctest/doctest.h>

#include "kernel/platform/virtio/pv_clock.h"
#include "kernel/platform/virtio/real_time_clock.h"

using namespace holm::platform;

TEST_CASE("the date of the battery-backed clock") {
    // 2026-11-21 13:42:18, in BCD and 24 hours.
    RealTimeClockRegisters registers{0x18, 0x42, 0x13, 0x21, 0x11, 0x26, 0x20, 0x02};
    CHECK(seconds_since_1970(registers) == 1795268538);
    // The same in binary and 12 hours, afternoon.
    registers = {18, 42, 0x80 | 1, 21, 11, 26, 20, 0x04};
    CHECK(seconds_since_1970(registers) == 1795268538);
    // Midnight is 12; a leap day; no century.
    registers = {0, 0, 12, 29, 2, 28, 0, 0x04};
    CHECK(seconds_since_1970(registers) == 1835395200);
}

TEST_CASE("nonsense in the battery-backed clock is no date") {
    CHECK_FALSE(seconds_since_1970({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
    CHECK_FALSE(seconds_since_1970({0, 0, 0, 0, 0, 0, 0, 0}));
    CHECK_FALSE(seconds_since_1970({0, 0, 0, 1, 13, 26, 20, 0x06}));
}

TEST_CASE("the hypervisor's clock") {
    PvClock clock{};
    clock.tsc = 1000;
    clock.system_time_ns = 5'000'000'000;
    clock.multiplier = 0x80000000;  // with this shift, one nanosecond a tick
    clock.shift = 1;
    CHECK(frequency_of(clock) == 1'000'000'000);
    CHECK(system_time_at(clock, 1000) == 5'000'000'000);
    CHECK(system_time_at(clock, 2000) == 5'000'001'000);
    CHECK(system_time_at(clock, 0) == 5'000'000'000);  // before it was written
    clock.shift = -1;
    CHECK(frequency_of(clock) == 4'000'000'000);
    clock.multiplier = 0;
    CHECK(frequency_of(clock) == 0);
    clock = {.multiplier = 1, .shift = 127};
    CHECK(frequency_of(clock) == 0);
    CHECK(system_time_at(clock, 1000) == 0);
}

TEST_CASE("a clock that is being written is not read") {
    PvClock shared{};
    PvClock copy{};
    shared.version = 3;
    CHECK_FALSE(read_pv_clock(shared, copy));
    shared.version = 4;
    shared.multiplier = 7;
    CHECK(read_pv_clock(shared, copy));
    CHECK(copy.multiplier == 7);
}

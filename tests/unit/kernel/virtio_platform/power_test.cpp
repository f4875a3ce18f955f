#include "kernel/platform/virtio/power.h"

#include <doctest/doctest.h>

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

using namespace holm::platform;

TEST_CASE("a machine without ACPI is ended by its reset lines") {
    const OffSteps steps = off_steps({});
    CHECK(steps[0].where == 0x64);
    CHECK(steps[0].how == HOLM_OFF_PORT8);
    CHECK(steps[0].what == 0xfe);
    CHECK(steps[1].where == 0xcf9);
    CHECK(steps[2].how == HOLM_OFF_END);
}

TEST_CASE("soft-off comes before a reset, and ring 0 finds the end of the list") {
    using Where = AcpiPower::Where;
    AcpiPower power{};
    power.sleep[0] = {Where::kPort, 0x604, 0x2000, true};
    power.sleep[1] = {Where::kMemory, 0x7f00'0000'1004, 0x34, false};
    power.reset = {Where::kMemory, 0x7f00'0000'2000, 1, true};
    const OffSteps steps = off_steps(power);
    const std::uint32_t ways[] = {HOLM_OFF_PORT16,   HOLM_OFF_MEMORY8, HOLM_OFF_PORT8,
                                  HOLM_OFF_MEMORY16, HOLM_OFF_PORT8,   HOLM_OFF_END};
    for (std::size_t i = 0; i < steps.size(); ++i) CHECK(steps[i].how == ways[i]);
    CHECK(steps[0].what == 0x2000);
    CHECK(steps[1].where == 0x7f00'0000'1004);
    CHECK(steps[3].where == 0x7f00'0000'2000);
}

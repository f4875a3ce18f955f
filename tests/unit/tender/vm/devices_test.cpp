#include "tender/vm/devices.h"

#include <vector>

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

struct ExampleDevice final : Device {
    bool serve() override {
        served++;
        return something;
    }
    void ring(unsigned queue) override { rung.push_back(queue); }
    const char* fault() const override { return nullptr; }
    pollfd watch() const override { return {.fd = descriptor, .events = POLLIN, .revents = 0}; }

    int served = 0;
    bool something = false;
    int descriptor = -1;
    std::vector<unsigned> rung;
};

}  // namespace

TEST_CASE("a doorbell reaches its device, and a wrong one is told") {
    Devices devices;
    ExampleDevice one, last;
    devices.add(1, one);
    devices.add(HOLM_MAX_DEVICES - 1, last);
    CHECK(devices.ring(Devices::doorbell_offset(1, 0)));
    CHECK(devices.ring(Devices::doorbell_offset(1, 1)));
    CHECK(devices.ring(Devices::doorbell_offset(HOLM_MAX_DEVICES - 1, 1)));
    CHECK(one.rung == std::vector<unsigned>{0, 1});
    CHECK(last.rung == std::vector<unsigned>{1});
    CHECK_FALSE(devices.ring(Devices::doorbell_offset(0, 0)));
    CHECK_FALSE(devices.ring(Devices::doorbell_offset(1, 0) + 4));
    CHECK_FALSE(devices.ring(Devices::doorbell_offset(HOLM_MAX_DEVICES, 0)));
    CHECK_FALSE(devices.ring(4088));
}

TEST_CASE("all devices are served, even when the first has something") {
    Devices devices;
    ExampleDevice one, two;
    one.something = true;
    devices.add(0, one);
    devices.add(1, two);
    CHECK(devices.serve());
    CHECK(two.served == 1);
    one.something = false;
    CHECK_FALSE(devices.serve());
}

TEST_CASE("one sleeps on what can be waited for") {
    Devices devices;
    ExampleDevice one, two;
    two.descriptor = 5;
    devices.add(0, one);
    devices.add(1, two);
    std::array<pollfd, HOLM_MAX_DEVICES> polled;
    REQUIRE(devices.watch(polled) == 1);
    CHECK(polled[0].fd == 5);
}

}  // namespace holm::tender

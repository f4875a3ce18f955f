#include "tender/devices/host_secret.h"

#include <doctest/doctest.h>

using namespace holm::tender;

namespace {

constexpr std::string_view kMachine = "0123456789abcdef0123456789abcdef\n";
constexpr std::array<std::uint8_t, 16> kNone{};

auto secret(std::string_view machine, std::string_view request) {
    return derive_host_secret(machine, *parse_net_request(request));
}

}  // namespace

TEST_CASE("a device has the same secret at each start, and another one on every other host, tap and device") {
    const auto own = secret(kMachine, "lan=tap0");
    CHECK(own != kNone);
    CHECK(own == secret(kMachine, "lan=tap0,ip=10.0.0.2/24,mtu=1400"));
    CHECK(own == secret(kMachine.substr(0, 32), "lan=tap0"));
    CHECK(own != secret("1123456789abcdef0123456789abcdef", "lan=tap0"));
    CHECK(own != secret(kMachine, "lan=tap1"));
    CHECK(own != secret(kMachine, "wan=tap0"));
    CHECK(own != secret(kMachine, "lan=tap0,mac=02:00:00:00:00:01"));
    CHECK(secret(kMachine, "lan=tap0a") != secret(kMachine, "lant=ap0a"));
}

TEST_CASE("what is no machine id gives no secret") {
    for (const std::string_view text :
         {std::string_view(), std::string_view("uninitialized\n"), kMachine.substr(1),
          std::string_view("0123456789ABCDEF0123456789abcdef"),
          std::string_view("0123456789abcdef0123456789abcdef00")})
        CHECK(secret(text, "lan=tap0") == kNone);
}

#include "cli/zone/server_file.h"

#include <doctest/doctest.h>

using namespace holm::cli;

namespace {

std::string mistake(std::string_view text) {
    const auto file = read_server_file(text);
    return file ? "" : format_mistake("dns.toml", file.error().at(0));
}

constexpr const char* kZone = "[[zone]]\nname = \"example.org\"\nfile = \"example.org.zone\"\n";

}  // namespace

TEST_CASE("what a server's file says") {
    const auto file = read_server_file(
        "[server]\nversion = \"v\"\nudp_size = 1400\ncookies = false\n[rate_limit]\nanswers = 5\nslip = 0\n"
        "[metrics]\naddress = \"fd00::2\"\nport = 9100\n" +
        std::string(kZone) + "transfer = [\"10.0.0.0/8\", \"fd00::/8\"]\nnotify = [\"192.0.2.1\"]\n");
    REQUIRE(file);
    CHECK(file->settings.udp_size == 1400);
    CHECK(file->settings.rate == 5);
    CHECK_FALSE(file->settings.cookies);
    CHECK(file->settings.metrics.port == 9100);
    CHECK(file->settings.metrics.address[15] == 2);
    REQUIRE(file->zones.size() == 1);
    CHECK(file->zones[0].transfer.at(0).prefix_length == 104);
    CHECK(file->zones[0].transfer.at(1).prefix_length == 8);
    CHECK(file->zones[0].notify.at(0).prefix_length == 128);
    CHECK(file->zones[0].notify.at(0).port == 53);
}

TEST_CASE("mistakes in it") {
    CHECK(mistake("").contains("there is no zone"));
    CHECK(mistake("[[zone]]\nname = \"example.org\"\n").contains("[[zone]] needs both"));
    CHECK(mistake(std::string(kZone) + "transfer = [\"10.0.0.1/8\"]\n")
              .starts_with("dns.toml:4:13: \"10.0.0.1/8\" is not a network"));
    CHECK(mistake(std::string(kZone) + "notify = [\"10.0.0.0/8\"]\n").contains("notify lists addresses"));
    CHECK(mistake(std::string(kZone) + kZone).contains("is there already"));
    CHECK(mistake("[server]\nudp_sise = 1\n" + std::string(kZone)).contains("did you mean \"udp_size\""));
    CHECK(mistake("[metrics]\nport = 9100\n" + std::string(kZone)).contains("[metrics] needs both"));
    CHECK(mistake("[metrics]\nport = 9100\naddress = \"10.0.0.0/8\"\n" + std::string(kZone))
              .contains("is not an address"));
    CHECK(mistake("[server]\nudp_size = 100\n" + std::string(kZone)).contains("512"));
    CHECK(mistake("[[zone]]\nname = \"a..b\"\nfile = \"x\"\n").contains("an empty label"));
}

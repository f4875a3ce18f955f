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

TEST_CASE("keys, and whom they are for") {
    const std::string key = "algorithm = \"hmac-sha256\"\nsecret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"\n";
    const std::string keys = "[[key]]\nname = \"A.key\"\n" + key + "[[key]]\nname = \"b.key.\"\n" + key;
    const auto file = read_server_file(std::string(kZone) +
                                       "transfer = [\"10.0.0.0/8\", \"key b.key\", \"fd00::3 key "
                                       "a.KEY\"]\nnotify = [\"10.0.0.3 key b.key\"]\n" +
                                       keys);
    REQUIRE(file);
    REQUIRE(file->settings.keys.size() == 2);
    CHECK(file->settings.keys[0].name == std::string("\1a\3key\0", 7));
    CHECK(file->settings.keys[0].secret == "0123456789abcdef");
    const auto& transfer = file->zones.at(0).transfer;
    REQUIRE(transfer.size() == 3);
    CHECK(transfer[0].key == 0);
    CHECK(transfer[1].key == 2);
    CHECK(transfer[1].prefix_length == 0);
    CHECK(transfer[2].key == 1);
    CHECK(transfer[2].prefix_length == 128);
    CHECK(file->zones[0].notify.at(0).key == 2);

    const auto with = [&](const std::string& list) { return mistake(std::string(kZone) + list + keys); };
    CHECK(with("transfer = [\"key c.key\"]\n")
              .starts_with("dns.toml:4:13: there is no [[key]] with the name \"c.key\""));
    CHECK(with("transfer = [\"key \"]\n").contains("is not a network such as"));
    CHECK(with("transfer = [\"10.0.0.1/8 key a.key\"]\n").contains("is not a network such as"));
    CHECK(with("notify = [\"key a.key\"]\n").contains("is not an address such as"));
    const auto of = [](const std::string& section) {
        return mistake(std::string(kZone) + "[[key]]\n" + section);
    };
    CHECK(of("name = \"k\"\n").contains("[[key]] needs name = "));
    CHECK(
        of("name = \"k\"\nalgorithm = \"hmac-md5\"\nsecret = \"\"\n")
            .starts_with(
                "dns.toml:6:13: \"hmac-md5\" is not an algorithm of signatures here; allowed: hmac-sha256"));
    CHECK(of("name = \"k\"\nalgorithm = \"hmac-sha256\"\nsecret = \"c2hvcnQ=\"\n")
              .ends_with("the secret has 5 bytes; allowed: 16 to 1024"));
    // A secret is in no message.
    const std::string wrong = of("name = \"k\"\nalgorithm = \"hmac-sha256\"\nsecret = \"my secret\"\n");
    CHECK(wrong.contains("is expected in base64"));
    CHECK_FALSE(wrong.contains("my secret"));
    CHECK(mistake(std::string(kZone) + keys + "[[key]]\nname = \"a.key\"\n" + key)
              .contains("is there already"));
    CHECK(of("name = \"" + std::string(60, 'k') + "." + std::string(60, 'k') + "\"\n" + key)
              .contains("allowed: 120"));
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

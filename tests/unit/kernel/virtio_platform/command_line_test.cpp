#include "kernel/platform/virtio/command_line.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/platform/virtio/network_word.h"

using holm::platform::CommandLine;
using holm::platform::StringRun;

namespace {

struct Parsed {
    std::string text;
    std::string rooms[2];
    CommandLine line;
    std::string mistake;

    explicit Parsed(std::string words) : text(std::move(words)) {
        for (std::string& room : rooms) room.resize(text.size() + 1);
        line.arguments.room = rooms[0];
        line.environment.room = rooms[1];
        const auto outcome = line.parse(text, holm::platform::network_word);
        if (!outcome) mistake = std::string(outcome.error().what) + ": " + std::string(outcome.error().word);
    }
};

std::vector<std::string> strings(const StringRun& run) {
    std::vector<std::string> all;
    const char* next = run.room.data();
    for (std::uint32_t i = 0; i < run.count; ++i) {
        all.emplace_back(next);
        next += all.back().size() + 1;
    }
    CHECK(next == run.room.data() + run.size);
    return all;
}

}  // namespace

TEST_CASE("arguments and environment") {
    const auto parsed = std::make_unique<Parsed>(
        R"(holm.env=A=1 holm.env="B=two words" -- one "two words" "" "a\"b\\c" -- holm.mem=x)");
    CHECK(parsed->mistake.empty());
    CHECK(strings(parsed->line.arguments) ==
          std::vector<std::string>{"one", "two words", "", "a\"b\\c", "--", "holm.mem=x"});
    CHECK(strings(parsed->line.environment) == std::vector<std::string>{"A=1", "B=two words"});
}

TEST_CASE("settings") {
    const auto parsed =
        std::make_unique<Parsed>("holm.mem=64M holm.grace=1500 holm.quiet holm.console=virtio");
    CHECK(parsed->mistake.empty());
    CHECK(parsed->line.memory == 64u << 20);
    CHECK(parsed->line.grace_ms == 1500);
    CHECK(parsed->line.quiet);
    CHECK(parsed->line.console == CommandLine::Console::kVirtio);
}

TEST_CASE("what VMMs add for Linux means nothing") {
    const auto parsed = std::make_unique<Parsed>("console=ttyS0 reboot=k panic=1 pci=off root=/dev/vda rw");
    CHECK(parsed->mistake.empty());
    CHECK(parsed->line.arguments.count == 0);
}

TEST_CASE("virtio-mmio devices, wherever they stand") {
    const auto parsed = std::make_unique<Parsed>(
        "virtio_mmio.device=4K@0xd0000000:5 -- x virtio_mmio.device=512@0xfeb00e00:12:3 "
        "\"virtio_mmio.device=for the service\"");
    CHECK(parsed->mistake.empty());
    REQUIRE(parsed->line.mmio_device_count == 2);
    CHECK(parsed->line.mmio_devices[0].address == 0xd0000000);
    CHECK(parsed->line.mmio_devices[0].size == 4096);
    CHECK(parsed->line.mmio_devices[0].interrupt == 5);
    CHECK(parsed->line.mmio_devices[1].address == 0xfeb00e00);
    CHECK(parsed->line.mmio_devices[1].interrupt == 12);
    CHECK(strings(parsed->line.arguments) ==
          std::vector<std::string>{"x", "virtio_mmio.device=for the service"});
}

TEST_CASE("a network device") {
    const auto parsed = std::make_unique<Parsed>(
        "holm.net=lan,ip=10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.3,dns=10.0.0.4,mac=02:00:00:00:00:0a,mtu=9000 "
        "holm.net=wan,ip=dhcp holm.net=spare");
    CHECK(parsed->mistake.empty());
    REQUIRE(parsed->line.net_count == 3);
    const CommandLine::Net& lan = parsed->line.nets[0];
    CHECK(lan.name == "lan");
    CHECK(lan.settings.configuration == HOLM_NET_STATIC);
    CHECK(lan.settings.ipv4_address[3] == 2);
    CHECK(lan.settings.ipv4_prefix_length == 24);
    CHECK(lan.settings.ipv4_gateway[3] == 1);
    CHECK(lan.settings.ipv4_dns[1][3] == 4);
    CHECK(lan.has_mac);
    CHECK(lan.settings.mac[5] == 10);
    CHECK(lan.settings.mtu == 9000);
    CHECK(parsed->line.nets[1].settings.configuration == HOLM_NET_DHCP);
    CHECK(parsed->line.nets[2].settings.configuration == HOLM_NET_FROM_IMAGE);
}

TEST_CASE("a network device with IPv6") {
    const auto parsed = std::make_unique<Parsed>(
        "holm.net=lan,ip=off,ip6=fd00::2/64,gw6=fe80::1,dns=2001:db8::53 "
        "holm.net=wan,ip6=auto,vlan=10,secret=1:2:3:4:5:6:7:fffe holm.net=dmz,vlan=off");
    CHECK(parsed->mistake.empty());
    REQUIRE(parsed->line.net_count == 3);
    CHECK(parsed->line.nets[1].settings.vlan == 10);
    CHECK(parsed->line.nets[2].settings.vlan == HOLM_NET_UNTAGGED);
    const holm_boot_net& lan = parsed->line.nets[0].settings;
    CHECK(lan.configuration == HOLM_NET_OFF);
    CHECK(lan.ipv6_configuration == HOLM_NET_STATIC);
    CHECK(lan.ipv6_address[15] == 2);
    CHECK(lan.ipv6_prefix_length == 64);
    CHECK(lan.ipv6_gateway[0] == 0xfe);
    CHECK(lan.ipv6_dns[0][15] == 0x53);
    CHECK(parsed->line.nets[1].settings.ipv6_configuration == HOLM_NET_AUTOMATIC);
    CHECK(parsed->line.nets[1].settings.ipv6_secret[1] == 1);
    CHECK(parsed->line.nets[1].settings.ipv6_secret[15] == 0xfe);
}

TEST_CASE("what is not understood is refused") {
    for (const char* text : {
             "holm.mem=",
             "holm.net=lan,vlan=4095",
             "holm.net=lan,vlan=0",
             "holm.mem=lots",
             "holm.mem=0",
             "holm.mem=18446744073709551616",
             "holm.mem=99999999G",
             "holm.grace=-1",
             "holm.grace=86400001",
             "holm.console=vga",
             "holm.env=A",
             "holm.env==x",
             "holm.memory=1M",
             "holm.",
             "holm.quiet=1",
             "\"unfinished",
             "holm.net=",
             "holm.net=lan,ip=10.0.0.2",
             "holm.net=lan,ip=10.0.0.2/0",
             "holm.net=lan,ip=10.0.0.2/33",
             "holm.net=lan,ip=10.0.0/24",
             "holm.net=lan,ip=10.0.0.256/24",
             "holm.net=lan,gw=10.0.0.1",
             "holm.net=lan,gw6=fd00::1",
             "holm.net=lan,ip6=fd00::2",
             "holm.net=lan,ip6=fd00::2/129",
             "holm.net=lan,mac=01:00:00:00:00:00",
             "holm.net=lan,mac=02:00:00:00:00",
             "holm.net=lan,mtu=575",
             "holm.net=lan,speed=fast",
             "holm.net=lan,ip=dhcp,dns=1.1.1.1",
             "holm.net=lan,ip=1.1.1.1/8,dns=1.1.1.1,dns=1.1.1.2,dns=1.1.1.3",
             "virtio_mmio.device=",
             "virtio_mmio.device=4K@0xd0000000",
             "virtio_mmio.device=4K@0xd0000001:5",
             "virtio_mmio.device=1@0xd0000000:5",
             "virtio_mmio.device=4K@0xd0000000:70000",
             "virtio_mmio.device=4K@0xfffffffffffffffff:5",
         }) {
        CAPTURE(text);
        CHECK_FALSE(Parsed(text).mistake.empty());
    }
    std::string many;
    for (int i = 0; i < 65; ++i) many += " virtio_mmio.device=4K@0xd0000000:5";
    CHECK(Parsed(many).mistake.starts_with("more than 64 devices"));
}

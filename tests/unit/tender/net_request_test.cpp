#include "tender/devices/net_request.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tender/devices/grants.h"

namespace holm::tender {
namespace {

std::string sentence_for(std::string_view text) {
    const auto request = parse_net_request(text);
    return request ? "" : std::string(request.error().view());
}

bool same(const std::uint8_t (&left)[4], std::initializer_list<int> right) {
    return std::equal(right.begin(), right.end(), left);
}

holm_manifest_device device(const char* name, std::uint32_t kind = HOLM_DEVICE_NET, std::uint32_t flags = 0) {
    holm_manifest_device result{};
    std::copy_n(name, std::char_traits<char>::length(name), result.name);
    result.kind = kind;
    result.flags = flags;
    return result;
}

std::string refusal(std::initializer_list<holm_manifest_device> devices,
                    std::initializer_list<const char*> texts) {
    std::vector<NetRequest> requests;
    for (const char* text : texts) requests.push_back(parse_net_request(text).value());
    const auto grants = match_grants(std::span(devices.begin(), devices.size()), requests, {});
    return grants ? "" : std::string(grants.error().view());
}

}  // namespace

TEST_CASE("a tap with everything") {
    const auto request = parse_net_request(
        "lan=tap0,ip=10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.3,dns=1.1.1.1,mac=02:00:5E:00:53:fF,mtu=9000");
    REQUIRE(request);
    CHECK(request->name == "lan");
    CHECK(request->source == NetRequest::Source::kTap);
    CHECK(request->interface == "tap0");
    CHECK(request->settings.configuration == HOLM_NET_STATIC);
    CHECK(same(request->settings.ipv4_address, {10, 0, 0, 2}));
    CHECK(request->settings.ipv4_prefix_length == 24);
    CHECK(same(request->settings.ipv4_gateway, {10, 0, 0, 1}));
    CHECK(same(request->settings.ipv4_dns[0], {10, 0, 0, 3}));
    CHECK(same(request->settings.ipv4_dns[1], {1, 1, 1, 1}));
    CHECK(request->settings.mtu == 9000);
    CHECK(request->has_mac);
    CHECK(request->settings.mac[2] == 0x5e);
    CHECK(request->settings.mac[5] == 0xff);
}

TEST_CASE("IPv6: a fixed address, or one of three ways to do without") {
    const auto fixed = parse_net_request(
        "lan=tap0,ip6=fd00::2/64,gw6=fe80::1,dns=2001:db8::53,dns=fd00::1,ip=10.0.0.2/24,dns=10.0.0.1");
    REQUIRE(fixed);
    const holm_boot_net& net = fixed->settings;
    CHECK(net.ipv6_configuration == HOLM_NET_STATIC);
    CHECK(net.ipv6_prefix_length == 64);
    CHECK(net.ipv6_address[0] == 0xfd);
    CHECK(net.ipv6_address[15] == 2);
    CHECK(net.ipv6_gateway[0] == 0xfe);
    CHECK(net.ipv6_dns[0][15] == 0x53);
    CHECK(net.ipv6_dns[1][15] == 1);
    CHECK(same(net.ipv4_dns[0], {10, 0, 0, 1}));
    CHECK(parse_net_request("lan=tap0,ip6=auto")->settings.ipv6_configuration == HOLM_NET_AUTOMATIC);
    CHECK(parse_net_request("lan=tap0,ip6=dhcp")->settings.ipv6_configuration == HOLM_NET_DHCP);
    CHECK(parse_net_request("lan=tap0,ip6=off,ip=off")->settings.ipv6_configuration == HOLM_NET_OFF);
    CHECK(parse_net_request("lan=tap0")->settings.ipv6_configuration == HOLM_NET_FROM_IMAGE);
}

TEST_CASE("a VLAN, or none whatever the image says") {
    CHECK(parse_net_request("lan=tap0")->settings.vlan == 0);
    CHECK(parse_net_request("lan=tap0,vlan=4094,ip=dhcp")->settings.vlan == 4094);
    CHECK(parse_net_request("lan=tap0,vlan=off")->settings.vlan == HOLM_NET_UNTAGGED);
    CHECK(sentence_for("lan=tap0,vlan=4095") ==
          "--net lan=tap0,vlan=4095: 'vlan=4095' is no VLAN; allowed: vlan=1 to vlan=4094 or vlan=off");
    CHECK_FALSE(parse_net_request("lan=tap0,vlan=0"));
    CHECK_FALSE(parse_net_request("lan=tap0,vlan="));
}

TEST_CASE("descriptors, and addresses left to the image or to DHCP") {
    const auto tap = parse_net_request("lan=fd:7,ip=dhcp");
    REQUIRE(tap);
    CHECK(tap->source == NetRequest::Source::kTapDescriptor);
    CHECK(tap->descriptor == 7);
    CHECK(tap->settings.configuration == HOLM_NET_DHCP);
    const auto stream = parse_net_request("wan=stream:1048576");
    REQUIRE(stream);
    CHECK(stream->source == NetRequest::Source::kStream);
    CHECK(stream->settings.configuration == HOLM_NET_FROM_IMAGE);
    CHECK(stream->settings.mtu == 0);
}

TEST_CASE("what is wrong is quoted, with what is allowed") {
    CHECK(sentence_for("lan=tap0,ip=10.0.0.2") ==
          "--net lan=tap0,ip=10.0.0.2: '10.0.0.2' is no address; allowed: ip=A.B.C.D/N with N from 1 to 32, "
          "ip=dhcp or ip=off");
    for (const char* text : {"",
                             "lan",
                             "=tap0",
                             "lan=",
                             "lan=tap0,",
                             "lan=,ip=1.2.3.4/8",
                             "lan=averyverylongname",
                             "lan=a/b",
                             "lan=fd:",
                             "lan=fd:2",
                             "lan=fd:-3",
                             "lan=fd:1048577",
                             "lan=fd:3x",
                             "lan=stream:99999999999999999999",
                             "lan=tap0,foo=1",
                             "lan=tap0,ip",
                             "lan=tap0,ip=",
                             "lan=tap0,ip=1.2.3/8",
                             "lan=tap0,ip=1.2.3.4.5/8",
                             "lan=tap0,ip=1.2.3.256/8",
                             "lan=tap0,ip=1.2.3.4/33",
                             "lan=tap0,ip=1.2.3.4/0",
                             "lan=tap0,ip=1..3.4/8",
                             "lan=tap0,gw=1.2.3.4",
                             "lan=tap0,dns=1.2.3.4",
                             "lan=tap0,ip=dhcp,gw=1.2.3.4",
                             "lan=tap0,ip=1.2.3.4/8,dns=1.1.1.1,dns=1.1.1.1,dns=1.1.1.1",
                             "lan=tap0,ip6=fd00::2",
                             "lan=tap0,ip6=fd00::2/129",
                             "lan=tap0,ip6=fd00::2/0",
                             "lan=tap0,ip6=10.0.0.1/8",
                             "lan=tap0,ip6=",
                             "lan=tap0,gw6=fd00::1",
                             "lan=tap0,ip6=auto,gw6=fd00::1",
                             "lan=tap0,ip=1.2.3.4/8,dns=fd00::1",
                             "lan=tap0,ip6=fd00::2/64,dns=1.2.3.4",
                             "lan=tap0,ip6=fd00::2/64,dns=::1,dns=::1,dns=::1",
                             "lan=tap0,ip6=fd00::2/64,mtu=1279",
                             "lan=tap0,mac=02:00:00:00:00",
                             "lan=tap0,mac=02:00:00:00:00:00:00",
                             "lan=tap0,mac=03:00:00:00:00:00",
                             "lan=tap0,mac=0g:00:00:00:00:00",
                             "lan=tap0,mtu=575",
                             "lan=tap0,mtu=65536",
                             "lan=tap0,mtu="}) {
        CAPTURE(text);
        const std::string sentence = sentence_for(text);
        // A comma at the end adds nothing, and is harmless.
        if (std::string_view(text) == "lan=tap0,")
            CHECK(sentence == "");
        else
            CHECK(sentence.starts_with("--net "));
    }
}

TEST_CASE("control characters do not reach the terminal") {
    CHECK(sentence_for("lan=\x1b[2J\xff").find_first_of("\x1b\xff") == std::string::npos);
}

TEST_CASE("grants are matched by name") {
    const std::array devices{device("lan"), device("wan", HOLM_DEVICE_NET, HOLM_DEVICE_OPTIONAL),
                             device("dmz")};
    const std::array requests{*parse_net_request("dmz=tap1"), *parse_net_request("lan=tap0")};
    const auto grants = match_grants(devices, requests, {});
    REQUIRE(grants);
    CHECK((*grants)[0] == 1);
    CHECK((*grants)[1] == kNotGranted);
    CHECK((*grants)[2] == 0);
}

TEST_CASE("unknown, doubled and missing devices are refused") {
    CHECK(refusal({device("lan"), device("disk", HOLM_DEVICE_BLOCK)}, {"wan=tap0"}) ==
          "--net wan: the image has no network device of that name; it declares lan (net), disk (block)");
    CHECK(refusal({}, {"wan=tap0"}) ==
          "--net wan: the image has no network device of that name; it declares none");
    CHECK(refusal({device("disk", HOLM_DEVICE_BLOCK)}, {"disk=tap0"}).starts_with("--net disk: "));
    CHECK(refusal({device("lan")}, {"lan=tap0", "lan=tap1"}) == "--net lan: the device is granted twice");
    CHECK(refusal({device("lan")}, {}) == "the image needs the net device lan; grant it with --net lan=...");
}

}  // namespace holm::tender

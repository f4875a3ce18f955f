#include "cli/manifest/reader.h"

#include <string>

#include <doctest/doctest.h>

using namespace holm::cli;

namespace {

// "LINE:COLUMN: text" of each mistake, one a line.
std::string mistakes_of(std::string_view text, std::string_view name = "web") {
    const auto description = read_description(text, name);
    std::string all;
    if (description) return all;
    for (const Mistake& mistake : description.error()) {
        all += std::to_string(mistake.where.line) + ":" + std::to_string(mistake.where.column) + ": " +
               mistake.text + "\n";
    }
    return all;
}

}  // namespace

TEST_CASE("an empty file is an image with the defaults") {
    const auto image = read_description("", "web");
    REQUIRE(image);
    CHECK(image->name == "web");
    CHECK(image->platforms ==
          (1u << HOLM_PLATFORM_PROCESS | 1u << HOLM_PLATFORM_VM | 1u << HOLM_PLATFORM_VIRTIO));
    CHECK(image->memory_minimum == 1u << 20);
    CHECK(image->memory_default == 16u << 20);
    CHECK(image->net.empty());
    CHECK(image->files.empty());
}

TEST_CASE("every key is understood") {
    const auto image = read_description(R"(
[image]
name = "web"
platforms = ["process"]
arguments = ["--port", "80"]
shuffle_seed = 7
[memory]
minimum = "2M"
default = "32M"
stack = "64K"
[environment]
B = "2"
A = "x=y"
[[net]]
name = "lan"
address = "10.0.0.2/24"
gateway = "10.0.0.1"
dns = ["10.0.0.1", "10.0.0.3"]
vlan = 10
[[net]]
name = "wan"
optional = true
[[block]]
name = "data"
read_only = true
[[files]]
from = "static/"
to = "/static/"
)",
                                        "web");
    REQUIRE(image);
    CHECK(image->arguments == std::vector<std::string>{"--port", "80"});
    CHECK(image->environment == std::vector<std::string>{"A=x=y", "B=2"});
    CHECK(image->shuffle_seed == 7);
    CHECK(image->memory_minimum == 2u << 20);
    CHECK(image->memory_default == 32u << 20);
    CHECK(image->stack_size == 64u << 10);
    REQUIRE(image->net.size() == 2);
    CHECK(image->net[0].vlan == 10);
    CHECK(image->net[1].vlan == 0);
    CHECK(image->net[0].address->address.text() == "10.0.0.2");
    CHECK(image->net[0].gateway->text() == "10.0.0.1");
    CHECK(image->net[0].dns.size() == 2);
    CHECK_FALSE(image->net[1].address);
    CHECK(image->net[1].optional);
    REQUIRE(image->block.size() == 1);
    CHECK(image->block[0].read_only);
    REQUIRE(image->files.size() == 1);
    CHECK(image->files[0].from == "static");
    CHECK(image->files[0].to == "static");
    CHECK(image->files[0].to_is_directory);
}

TEST_CASE("an image that needs more than the default gets it") {
    CHECK(read_description("[memory]\nminimum = \"64M\"\n", "web")->memory_default == 64u << 20);
}

TEST_CASE("each mistake is reported with its place and what is allowed") {
    struct Row {
        const char* text;
        const char* complaint;  // the start of one line of the report
    };
    const Row rows[] = {
        // TOML itself
        {"[image", "1:7: "},
        {"a = ", "1:5: "},
        {"[image]\nname = \"a\"\nname = \"b\"", "3:"},
        {"x = \"\xff\"", "1:"},
        {"\xc3\xa9 = 1", "1:1: "},
        {"'\xc3\xa9' \xc3\xa9 = 1", "1:5: "},
        // keys
        {"[imgae]", "1:2: unknown key \"imgae\" in holm.toml, did you mean \"image\"?; allowed: block, "},
        {"arguments = []", "1:1: unknown key \"arguments\" in holm.toml, it belongs in [image]; allowed: "},
        {"[memory]\nstak = 1",
         "2:1: unknown key \"stak\" in [memory], did you mean \"stack\"?; allowed: default, "},
        {"[image]\nx = 1", "2:1: unknown key \"x\" in [image]; allowed: arguments, "},
        {"[[net]]\nname = \"a\"\nmac = 1", "3:1: unknown key \"mac\" in [[net]]"},
        // types
        {"image = 3", "1:9: image is a number; allowed: a table [image]"},
        {"[[image]]", "1:1: [[image]] is there once only; allowed: [image]"},
        {"[[net]]\nname = \"a\"\nvlan = 4095",
         "3:8: vlan of [[net]] is 4095; allowed: a whole number from 1 to 4094"},
        {"[net]", "1:1: [net] takes a second pair of brackets; allowed: [[net]]"},
        {"net = [1]", "1:7: net is a list; allowed: tables [[net]]"},
        {"[image]\nname = 3", "2:8: name of [image] is a number; allowed: a string such as \"hello\""},
        {"[image]\narguments = \"x\"", "2:13: arguments of [image] is a string; allowed: a list of strings"},
        {"[image]\narguments = [\"x\", 1]", "2:19: arguments of [image] holds a number; allowed: a list"},
        {"[image]\nshuffle_seed = 0",
         "2:16: shuffle_seed of [image] is 0; allowed: a whole number from 1 to"},
        {"[image]\nshuffle_seed = 1.5", "2:16: shuffle_seed of [image] is a number; allowed: a whole number"},
        {"[[net]]\nname = \"a\"\noptional = \"yes\"",
         "3:12: optional of [[net]] is a string; allowed: true, false"},
        {"[image]\narguments = [\"a\\u0000b\"]", "2:14: arguments of [image] contains a NUL"},
        // names
        {"[image]\nname = \"Web\"", "2:8: \"Web\" is not a name; a name starts with a lower-case letter"},
        {"[image]\nname = \"other\"",
         "2:8: the image is named \"other\" here, but the build calls it \"web\""},
        {"[[net]]\nname = \"a\"\n[[block]]\nname = \"a\"",
         "4:8: a second device is named \"a\"; names are unique"},
        {"[[net]]\n", "1:1: [[net]] has no name; write name = \"lan\""},
        {"[[block]]\nname = \"\"", "2:8: the name is empty; "},
        // platforms
        {"[image]\nplatforms = [\"kvm\"]",
         "2:14: unknown platform \"kvm\"; allowed: \"process\", \"vm\", \"virtio\""},
        {"[image]\nplatforms = []", "1:1: platforms is empty"},
        // memory
        {"[memory]\nminimum = \"16MB\"", "2:11: \"16MB\" is not a size; a size is a number with K, M or G"},
        {"[memory]\nminimum = \"5K\"", "2:11: \"5K\" is not a multiple of 4K"},
        {"[memory]\nminimum = 16", "2:11: minimum of [memory] is a number; allowed: a string such as \"1M\""},
        {"[memory]\nminimum = \"8M\"\ndefault = \"4M\"", "3:11: default \"4M\" is less than minimum \"8M\""},
        {"[memory]\nstack = \"8K\"", "2:9: stack is \"8K\"; allowed: \"16K\" to \"64M\""},
        {"[memory]\nstack = \"128M\"", "2:9: stack is \"128M\"; allowed: "},
        // environment
        {"[environment]\n\"A-B\" = \"\"", "2:1: \"A-B\" is not the name of a variable; allowed: letters"},
        {"[environment]\nA = 1", "2:5: the value of A is not text; allowed: a string"},
        // addresses
        {"[[net]]\nname = \"a\"\naddress = \"10.0.0.2\"", "3:11: \"10.0.0.2\" has no prefix length; write "},
        {"[[net]]\nname = \"a\"\naddress = \"10.0.0/24\"", "3:11: \"10.0.0\" is not an IPv4 address"},
        {"[[net]]\nname = \"a\"\naddress = \"10.0.0.0/24\"", "3:11: 10.0.0.0 is the network"},
        {"[[net]]\nname = \"a\"\naddress = \"10.0.0.2/24\"\ngateway = \"10.0.1.1\"",
         "4:11: the gateway 10.0.1.1 is not in"},
        {"[[net]]\nname = \"a\"\naddress = \"10.0.0.2/24\"\ngateway = \"10.0.0.2\"",
         "4:11: the gateway 10.0.0.2 is the"},
        {"[[net]]\nname = \"a\"\ngateway = \"10.0.1.1\"", "3:11: gateway needs a fixed address"},
        {"[[net]]\nname = \"a\"\ndns = [\"10.0.1.1\"]", "1:1: dns needs a fixed address"},
        {"[[net]]\nname=\"a\"\naddress=\"10.0.0.2/24\"\ndns=[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\"]",
         "4:26: more than 2 DNS"},
        // files
        {"[[files]]\nfrom = \"a\"", "1:1: [[files]] needs both"},
        {"[[files]]\nfrom = \"../a\"\nto = \"/a\"",
         "2:8: from is \"../a\"; allowed: a path below the folder of holm.toml"},
        {"[[files]]\nfrom = \"/etc\"\nto = \"/a\"", "2:8: from is \"/etc\"; allowed: "},
        {"[[files]]\nfrom = \"a/../../b\"\nto = \"/a\"", "2:8: from is "},
        {"[[files]]\nfrom = \"\"\nto = \"/a\"", "2:8: from is "},
        {"[[files]]\nfrom = \"a\"\nto = \"a\"", "3:6: to is \"a\"; allowed: an absolute path"},
        {"[[files]]\nfrom = \"a\"\nto = \"/a/../b\"", "3:6: to is "},
        {"[[files]]\nfrom = \"a\"\nto = \"//a\"", "3:6: to is "},
        {"[[files]]\nfrom = \"a\"\nto = \"/.\"", "3:6: to is "},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const std::string report = mistakes_of(row.text);
        CAPTURE(report);
        CHECK((report.starts_with(row.complaint) || report.contains(std::string("\n") + row.complaint)));
    }
}

TEST_CASE("an image without any name is refused") {
    CHECK(mistakes_of("", "") == "1:1: the image has no name; write name = \"hello\" under [image]\n");
}

TEST_CASE("all mistakes are reported, in the order of the file, up to a bound") {
    const std::string report =
        mistakes_of("[memory]\nminimum = 1\n[image]\nname = 2\n[environment]\nA = 3\n");
    CHECK(report.starts_with("2:11: "));
    CHECK(report.contains("\n4:8: "));
    CHECK(report.contains("\n6:5: "));

    std::string many = "[environment]\n";
    for (int i = 0; i < 1000; ++i) many += "V" + std::to_string(i) + " = 1\n";
    CHECK(read_description(many, "web").error().size() == 20);
}

TEST_CASE("size and depth are bounded") {
    CHECK(mistakes_of(std::string((1 << 20) + 1, '#')) == "1:1: the file is larger than 1 MiB\n");
    CHECK(mistakes_of("a = " + std::string(100'000, '[')).starts_with("1:"));
    std::string devices;
    for (int i = 0; i < 65; ++i) devices += "[[net]]\nname = \"n" + std::to_string(i) + "\"\n";
    CHECK(mistakes_of(devices).contains("more than 64 devices"));
}

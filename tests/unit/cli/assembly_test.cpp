#include "cli/manifest/assembly.h"

#include <doctest/doctest.h>

#include "cli/manifest/reader.h"

using namespace holm::cli;

// That the note has the layout of abi/manifest.h is for the tender's manifest check and the image tests to
// say; here, that the text cannot be broken by what stands in holm.toml and does not change from run to run.

TEST_CASE("strings from holm.toml stay inside their literals") {
    const auto image =
        read_description("[image]\narguments = [\"\\\" \\n.globl x\", \"\\\\\", \"\u00e9\"]\n", "web");
    REQUIRE(image);
    const std::string text =
        write_assembly(*image, {.entries = {{.path = "", .is_directory = true}}, .inputs = {}});
    CHECK(text.contains("    .asciz \"\\042 \\012.globl x\"\n"));
    CHECK(text.contains("    .asciz \"\\134\"\n"));
    CHECK(text.contains("    .asciz \"\\303\\251\"\n"));
}

TEST_CASE("the same input gives the same text") {
    const auto image = read_description("[environment]\nB = \"1\"\nA = \"2\"\n", "web");
    const EmbeddedSources files{.entries = {{.path = "", .is_directory = true, .size = 0}}, .inputs = {}};
    CHECK(write_assembly(*image, files) == write_assembly(*image, files));
    CHECK(write_assembly(*image, files).find("A=2") < write_assembly(*image, files).find("B=1"));
}

TEST_CASE("devices and addresses are written out") {
    const auto image = read_description(
        "[[net]]\nname = \"lan\"\naddress = \"10.0.0.2/24\"\ngateway = \"10.0.0.1\"\nvlan = "
        "10\n[[block]]\nname = "
        "\"d\"\nread_only = true\n",
        "web");
    REQUIRE(image);
    const std::string text =
        write_assembly(*image, {.entries = {{.path = "", .is_directory = true}}, .inputs = {}});
    CHECK(text.contains(
        "    .byte 10,0,0,2\n    .byte 10,0,0,1\n    .byte 0,0,0,0\n    .byte 0,0,0,0\n    .byte 24\n"));
    CHECK(text.contains("    .byte 0, 3\n    .zero 1\n    .short 10\n    .zero 2\n"));
    CHECK(text.contains("    .ascii \"d\"\n    .zero 31\n    .long 2, 2\n"));
}

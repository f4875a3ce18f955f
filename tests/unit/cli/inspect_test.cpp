#include <array>
#include <cstring>
#include <tuple>

#include <doctest/doctest.h>

#include "cli/image/foreign_file.h"
#include "cli/inspect/inspection.h"
#include "cli/inspect/link_map.h"

using namespace holm;
using namespace holm::cli;

namespace {

constexpr std::string_view kMap =
    "             VMA              LMA     Size Align Out     In      Symbol\n"
    "          201000           201000       48    16 .text\n"
    "          201000           201000       20    16         CMakeFiles/web.dir/main.cpp.o:(.text.main)\n"
    "          201000           201000       10     1                 main\n"
    "          201020           201020        8    16         /lib/libc.a(write.o):(.text.write)\n"
    "          201020           201020        8     1                 write\n"
    "          201030           201030        8    16         "
    "k/libholm-posix.a(write.o):(.text.__libos_sys_1)\n"
    "          201030           201030        8     1                 __libos_sys_1\n"
    "          202000           202000     1000     1 .bss\n"
    "          202000           202000     1000     1         /lib/libc.a(buffer.o):(.bss.buffer)\n"
    "               0                0       99     1 .debug_info\n"
    "              40               40       40     1         /lib/libc.a(write.o):(.debug_info)\n"
    "garbage\n"
    "  12 zz\n";

}  // namespace

TEST_CASE("a link map is read line by line") {
    const auto map = parse_link_map(kMap);
    REQUIRE(map);
    REQUIRE(map->inputs.size() == 5);
    CHECK(map->inputs[0].library() == "the service");
    CHECK(map->inputs[1].library() == "libc.a");
    CHECK(map->inputs[1].section == ".text.write");
    CHECK(map->inputs[2].library() == "libholm-posix.a");
    CHECK(map->inputs[0].in_image());
    CHECK_FALSE(map->inputs[3].in_image());  // memory only
    CHECK_FALSE(map->inputs[4].in_image());  // debug information
    REQUIRE(map->symbols.size() == 3);
    CHECK(map->symbols[1].name == "write");
    CHECK(map->symbols[1].input == 1);
}

TEST_CASE("what is no link map is refused") {
    CHECK_FALSE(parse_link_map(""));
    CHECK_FALSE(
        parse_link_map("\x7f"
                       "ELF"));
    CHECK(parse_link_map("   VMA LMA\n                16 spaces and a symbol without a section\n")
              ->symbols.empty());
}

TEST_CASE("callers are found in the machine code") {
    std::array<std::byte, 0x48> code{};
    const auto put = [&](std::size_t at, unsigned opcode, std::int32_t displacement) {
        code[at] = static_cast<std::byte>(opcode);
        std::memcpy(&code[at + 1], &displacement, sizeof displacement);
    };
    put(0x20, 0xe9, 0x30 - 0x25);  // write: jmp __libos_sys_1
    put(0x02, 0xc7, 0x30 - 0x07);  // main: a number that looks like the way there, in another instruction
    tender::LoadPlan plan{};
    plan.segment_storage[0] = {.file_offset = 0,
                               .address = 0x201000,
                               .file_size = code.size(),
                               .memory_size = code.size(),
                               .flags = tender::elf::kRead | tender::elf::kExecute};
    plan.segment_count = 1;
    const auto calls = find_needed_calls(code, plan, *parse_link_map(kMap));
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].number == 1);
    CHECK(calls[0].needed_by == std::vector<std::string>{"write (libc.a)"});
}

TEST_CASE("what is no image is refused with the loader's sentence") {
    CHECK_FALSE(inspect_image({}, std::nullopt));
    CHECK_FALSE(inspect_image(as_bytes("#!/bin/sh\n"), std::nullopt));
    CHECK(inspect_image(as_bytes("#!/bin/sh\n"), std::nullopt).error().contains("ELF header"));
}

TEST_CASE("what a foreign file is, and what to do instead") {
    const auto says = [](Bytes head, const char* what) {
        const std::string sentence = describe_foreign_file("some/file", head);
        return sentence.starts_with("\"some/file\" is not a Holm image: ") && sentence.contains(what) &&
               sentence.contains("holm build") && !sentence.contains('\n');
    };
    CHECK(says({}, "it is empty"));
    CHECK(says(as_bytes("#!/bin/sh\n"), "script"));
    CHECK(says(as_bytes("hello"), "no ELF file"));
    CHECK(says(as_bytes("\x7f"
                        "ELF.."),
               "the first 6 bytes"));
    tender::elf::FileHeader header{};
    std::memcpy(header.e_ident,
                "\x7f"
                "ELF",
                4);
    const Bytes head(reinterpret_cast<const std::byte*>(&header), sizeof header);
    for (const auto& [type, machine, what] : {std::tuple{3, 62, "ordinary program"},
                                              {2, 62, "ordinary program"},
                                              {3, 183, "another machine"},
                                              {1, 62, "object file"},
                                              {4, 62, "core file"},
                                              {0xffff, 62, "another kind"}}) {
        header.e_type = static_cast<std::uint16_t>(type);
        header.e_machine = static_cast<std::uint16_t>(machine);
        CHECK(says(head, what));
    }
}

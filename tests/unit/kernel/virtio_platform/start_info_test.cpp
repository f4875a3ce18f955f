#include "kernel/platform/virtio/start_info.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/kernel/virtio_platform/fake_memory.h"

using holm::platform::MemoryRange;
using holm::platform::StartInfo;

namespace {

struct Header {
    std::uint32_t magic = 0x336ec578, version = 1, flags = 0, modules = 0;
    std::uint64_t module_list = 0, command_line = 0x10000, acpi_root = 0xf5ac0, map = 0x8000;
    std::uint32_t map_count = 0, reserved = 0;
};
struct Entry {
    std::uint64_t start, size;
    std::uint32_t type, reserved = 0;
};
constexpr std::uint32_t kRam = 1, kReserved = 2;

struct Example {
    FakeMemory memory;
    Header header;

    explicit Example(const std::vector<Entry>& map, const std::string& line = "holm.quiet") {
        memory.put_bytes(0x10000,
                         holm::Bytes(reinterpret_cast<const std::byte*>(line.c_str()), line.size() + 1));
        memory.put_bytes(0x8000, std::as_bytes(std::span(map)));
        header.map_count = static_cast<std::uint32_t>(map.size());
    }
    holm::Result<StartInfo> read() {
        memory.put(0x6000, header);
        return StartInfo::read(memory, 0x6000);
    }
};

std::vector<MemoryRange> ranges(const StartInfo& info) {
    return {info.memory().begin(), info.memory().end()};
}

}  // namespace

TEST_CASE("the start info of a machine") {
    Example example({{0, 0x9fc00, kRam},
                     {0x9fc00, 0x400, kReserved},
                     {0x100000, 0x7f00000, kRam},
                     {0xfeffc000, 0x4000, kReserved}});
    const auto info = example.read();
    REQUIRE(info);
    CHECK(info->command_line() == "holm.quiet");
    CHECK(info->acpi_root() == 0xf5ac0);
    CHECK(ranges(*info) == std::vector<MemoryRange>{{0, 0x9f000}, {0x100000, 0x8000000}});
}

TEST_CASE("pieces of memory are sorted, joined, and cut where the map says otherwise") {
    Example example({{0x300000, 0x100000, kRam},
                     {0x100000, 0x100000, kRam},
                     {0x200000, 0x100000, kRam},
                     {0x180010, 0x10, kReserved},
                     {0x3ff000, 0x10000, kReserved}});
    const auto info = example.read();
    REQUIRE(info);
    CHECK(ranges(*info) == std::vector<MemoryRange>{{0x100000, 0x180000}, {0x181000, 0x3ff000}});
}

TEST_CASE("memory that is all called reserved is none") {
    Example example({{0x100000, 0x100000, kRam}, {0, 0x10000000, kReserved}});
    const auto info = example.read();
    REQUIRE(info);
    CHECK(info->memory().empty());
}

TEST_CASE("a start info that is none is refused") {
    const std::vector<Entry> good = {{0x100000, 0x100000, kRam}};
    {
        Example example(good);
        example.header.magic = 0;
        CHECK(example.read().error().code == holm::ErrorCode::kInvalid);
    }
    {
        Example example(good);
        example.header.version = 0;
        CHECK(example.read().error().code == holm::ErrorCode::kUnsupported);
    }
    {
        Example example(good);
        example.header.map_count = 2;  // one more than there are
        CHECK(example.read().error().code == holm::ErrorCode::kFault);
    }
    {
        Example example(good);
        example.header.map_count = 129;
        CHECK_FALSE(example.read());
    }
    {
        Example example(good);
        example.header.command_line = 0x123456789;
        CHECK(example.read().error().code == holm::ErrorCode::kFault);
    }
    FakeMemory nothing;
    CHECK_FALSE(StartInfo::read(nothing, 0x6000));
}

TEST_CASE("hostile memory maps are refused") {
    for (const std::vector<Entry>& map : {
             std::vector<Entry>{{0x100000, 0x100000, kRam}, {0x180000, 0x100000, kRam}},
             std::vector<Entry>{{0x100000, ~std::uint64_t{0}, kRam}},
             std::vector<Entry>{{~std::uint64_t{0} - 0xfff, 0x1000, kReserved}},
             std::vector<Entry>{},
         }) {
        CHECK_FALSE(Example(map).read());
    }
}

TEST_CASE("a map that is cut into too many pieces is refused") {
    std::vector<Entry> map;
    for (std::uint64_t i = 0; i < 65; ++i) map.push_back({i * 0x100000, 0xf0000, kRam});
    for (std::uint64_t i = 0; i < 63; ++i) map.push_back({i * 0x100000 + 0x8000, 0x1000, kReserved});
    CHECK(Example(map).read());
    map.pop_back();
    map.push_back({0x8000, 0x1000, kReserved});
    CHECK(Example(map).read());
}

TEST_CASE("a command line may have 16 KiB") {
    for (const std::size_t size : {0, 1, 63, 64, 65, 16'383, 16'384}) {
        const std::string text(size, 'x');
        Example example({{0x100000, 0x100000, kRam}}, text);
        const auto info = example.read();
        REQUIRE(info);
        CHECK(info->command_line() == text);
    }
    CHECK_FALSE(Example({{0x100000, 0x100000, kRam}}, std::string(16'385, 'x')).read());
}

TEST_CASE("a command line without an end is refused") {
    Example example({{0x100000, 0x100000, kRam}}, std::string(20'000, 'x'));
    CHECK(example.read().error().code == holm::ErrorCode::kTooLarge);
}

#include "tender/devices/block_request.h"

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tender/devices/grants.h"
#include "tender/devices/open_block.h"

namespace holm::tender {
namespace {

std::string sentence_for(std::string_view text) {
    const auto request = parse_block_request(text);
    return request ? "" : std::string(request.error().view());
}

// A file of this test's own.
struct File {
    explicit File(std::uint64_t size) {
        const int made = mkstemp(path.data());
        REQUIRE(made >= 0);
        REQUIRE(ftruncate(made, static_cast<off_t>(size)) == 0);
        close(made);
    }
    ~File() { unlink(path.c_str()); }
    std::string path = "/tmp/holm-block-XXXXXX";
};

struct Opened {
    explicit Opened(const BlockRequest& request, bool read_only = false) {
        const auto outcome = open_block(request, read_only, device);
        if (!outcome) sentence = outcome.error().view();
    }
    ~Opened() {
        if (sentence.empty()) close(device.handle);
    }
    holm_boot_device device{};
    std::string sentence;
};

holm_manifest_device declared(const char* name, std::uint32_t kind, std::uint32_t flags = 0) {
    holm_manifest_device result{};
    std::string_view(name).copy(result.name, sizeof result.name - 1);
    result.kind = kind;
    result.flags = flags;
    return result;
}

}  // namespace

TEST_CASE("a file, and settings at its end") {
    const auto plain = parse_block_request("disk=data.img");
    REQUIRE(plain);
    CHECK(plain->name == "disk");
    CHECK(plain->file == "data.img");
    CHECK_FALSE(plain->read_only);
    CHECK(plain->sector_size == 0);
    const auto all = parse_block_request("disk=/a=b/c,d.img,sector=4096,ro");
    REQUIRE(all);
    CHECK(all->file == "/a=b/c,d.img");
    CHECK(all->read_only);
    CHECK(all->sector_size == 4096);
    CHECK(parse_block_request("disk=a,rw")->file == "a,rw");
    CHECK(parse_block_request("disk=a,ro,b")->file == "a,ro,b");
}

TEST_CASE("what grants nothing is told so, and does not reach the terminal as it is") {
    for (const char* text :
         {"", "=", "disk", "=a", "disk=", "disk=,ro", "disk=a,sector=", "disk=a,sector=0",
          "disk=a,sector=513", "disk=a,sector=8192", "disk=a,sector=99999999999999999999"}) {
        CAPTURE(text);
        CHECK(sentence_for(text).starts_with("--block '"));
    }
    CHECK(sentence_for("\x1b[2J").find('\x1b') == std::string::npos);
}

TEST_CASE("grants of both kinds are matched by name and kind") {
    const std::array devices{declared("lan", HOLM_DEVICE_NET), declared("disk", HOLM_DEVICE_BLOCK),
                             declared("log", HOLM_DEVICE_BLOCK, HOLM_DEVICE_OPTIONAL)};
    const std::array nets{*parse_net_request("lan=tap0")};
    const std::array blocks{*parse_block_request("disk=a")};
    const auto grants = match_grants(devices, nets, blocks);
    REQUIRE(grants);
    CHECK((*grants)[0] == 0);
    CHECK((*grants)[1] == 0);
    CHECK((*grants)[2] == kNotGranted);
    const std::array wrong{*parse_block_request("lan=a")};
    CHECK(match_grants(devices, nets, wrong).error().view() ==
          "--block lan: the image has no block device of that name; it declares lan (net), disk (block), log "
          "(block)");
    CHECK(match_grants(devices, nets, {}).error().view() ==
          "the image needs the block device disk; grant it with --block disk=...");
    const std::array twice{*parse_block_request("disk=a"), *parse_block_request("disk=b")};
    CHECK(match_grants(devices, nets, twice).error().view() == "--block disk: the device is granted twice");
}

TEST_CASE("an opened file is locked, and its position is where nothing can be written") {
    const File file(8192);
    {
        const Opened writer({.name = "disk", .file = file.path});
        REQUIRE(writer.sentence == "");
        CHECK(writer.device.block.sector_count == 16);
        CHECK(writer.device.block.sector_size == 512);
        CHECK(write(writer.device.handle, "x", 1) < 0);
        char byte = 0;
        CHECK(read(writer.device.handle, &byte, 1) == 0);
        struct stat status{};
        CHECK(fstat(writer.device.handle, &status) == 0);
        CHECK(status.st_size == 8192);
        const Opened other({.name = "disk", .file = file.path, .read_only = true});
        CHECK(other.sentence == "device disk: " + file.path + " is in use by another instance");
    }
    const Opened one({.name = "disk", .file = file.path}, true);
    const Opened two({.name = "disk", .file = file.path, .read_only = true, .sector_size = 4096});
    CHECK(one.sentence == "");
    CHECK(two.sentence == "");
    CHECK(two.device.block.sector_count == 2);
    CHECK((fcntl(one.device.handle, F_GETFL) & O_ACCMODE) == O_RDONLY);
    CHECK(one.device.block.flags == HOLM_DEVICE_READ_ONLY);
}

TEST_CASE("a path that is too long is refused") {
    const std::string path(5000, 'a');
    CHECK(Opened({.name = "disk", .file = path}).sentence ==
          "device disk: its path has more than 4095 characters");
}

}  // namespace holm::tender

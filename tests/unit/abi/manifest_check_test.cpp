#include "abi/manifest_check.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

struct Example {
    holm_manifest manifest{};
    std::vector<holm_manifest_device> devices;

    Example() {
        manifest.version = HOLM_MANIFEST_VERSION;
        manifest.platforms = 1;
        manifest.memory_minimum = 4096;
        manifest.memory_default = 8192;
        manifest.stack_size = HOLM_STACK_MINIMUM;
        std::strcpy(manifest.name, "a-1_b");
    }
    holm_manifest_device& add(const char* name, std::uint32_t kind = HOLM_DEVICE_NET) {
        holm_manifest_device device{};
        std::strncpy(device.name, name, sizeof device.name);
        device.kind = kind;
        devices.push_back(device);
        settle();
        return devices.back();
    }
    void settle() {
        manifest.device_count = static_cast<std::uint32_t>(devices.size());
        manifest.size = static_cast<std::uint32_t>(sizeof manifest + devices.size() * sizeof devices[0]);
    }
    std::vector<char> bytes() const {
        std::vector<char> all(sizeof manifest + devices.size() * sizeof(holm_manifest_device));
        std::memcpy(all.data(), &manifest, sizeof manifest);
        if (!devices.empty())
            std::memcpy(all.data() + sizeof manifest, devices.data(), devices.size() * sizeof devices[0]);
        return all;
    }
    // "field@offset" of the problem, or "" for none.
    std::string check() const {
        const auto all = bytes();
        holm_manifest_problem problem{};
        if (holm_manifest_check(all.data(), all.size(), &problem)) return "";
        CHECK(std::strlen(problem.allowed) > 0);
        return problem.field + ("@" + std::to_string(problem.offset));
    }
};

std::string check(void (*spoil)(Example&)) {
    Example example;
    example.settle();
    spoil(example);
    return example.check();
}

}  // namespace

TEST_CASE("a manifest with up to 64 devices is valid") {
    Example example;
    example.settle();
    CHECK(example.check() == "");
    for (int i = 0; i < 64; i++) example.add(("d" + std::to_string(i)).c_str());
    CHECK(example.check() == "");
    example.add("one-more");
    CHECK(example.check() == "device_count@12");
}

TEST_CASE("each field of the manifest is checked") {
    CHECK(check([](Example& e) { e.manifest.version = 2; }) == "version@0");
    CHECK(check([](Example& e) { e.manifest.size = 73; }) == "size@4");
    CHECK(check([](Example& e) { e.manifest.platforms = 0; }) == "platforms@8");
    CHECK(check([](Example& e) { e.manifest.platforms = 8; }) == "platforms@8");
    CHECK(check([](Example& e) { e.manifest.device_count = 1; }) == "size@4");
    CHECK(check([](Example& e) { e.manifest.device_count = 0xffffffff; }) == "device_count@12");
    CHECK(check([](Example& e) { e.manifest.memory_minimum = 1; }) == "memory_minimum@16");
    CHECK(check([](Example& e) { e.manifest.memory_minimum = ~std::uint64_t{4095}; }) == "memory_minimum@16");
    CHECK(check([](Example& e) { e.manifest.memory_default = 4097; }) == "memory_default@24");
    CHECK(check([](Example& e) { e.manifest.memory_default = 0; }) == "memory_default@24");
    CHECK(check([](Example& e) { e.manifest.memory_default = 2 * HOLM_MEMORY_LIMIT; }) ==
          "memory_default@24");
    CHECK(check([](Example& e) { e.manifest.stack_size = 0; }) == "stack_size@32");
    CHECK(check([](Example& e) { e.manifest.stack_size = HOLM_STACK_LIMIT + 4096; }) == "stack_size@32");
    CHECK(check([](Example& e) { e.manifest.stack_size += 1; }) == "stack_size@32");
}

TEST_CASE("names are short, plain and ended") {
    CHECK(check([](Example& e) { e.manifest.name[0] = 0; }) == "name@40");
    CHECK(check([](Example& e) { e.manifest.name[0] = '1'; }) == "name@40");
    CHECK(check([](Example& e) { e.manifest.name[1] = 'A'; }) == "name@41");
    CHECK(check([](Example& e) { e.manifest.name[2] = '\n'; }) == "name@42");
    CHECK(check([](Example& e) { e.manifest.name[20] = 'x'; }) == "name@60");
    CHECK(check([](Example& e) { std::memset(e.manifest.name, 'a', 32); }) == "name@71");
}

TEST_CASE("devices have known kinds and flags, and names of their own") {
    CHECK(check([](Example& e) { e.add("lan", 3); }) == "kind@104");
    CHECK(check([](Example& e) { e.add("lan").flags = HOLM_DEVICE_READ_ONLY; }) == "flags@108");
    CHECK(check([](Example& e) { e.add("disk", HOLM_DEVICE_BLOCK).flags = 3; }) == "");
    CHECK(check([](Example& e) { e.add("disk", HOLM_DEVICE_BLOCK).flags = 4; }) == "flags@108");
    CHECK(check([](Example& e) { e.add("Lan"); }) == "name@72");
    CHECK(check([](Example& e) {
              e.add("lan");
              e.add("wan");
              e.add("lan");
          }) == "name@152");
}

TEST_CASE("every length but the right one is refused, at any alignment") {
    Example example;
    example.add("lan");
    const auto all = example.bytes();
    holm_manifest_problem problem{};
    for (std::size_t size = 0; size < all.size(); size++) {
        const std::vector<char> cut(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(holm_manifest_check(cut.data(), cut.size(), &problem));
    }
    std::vector<char> longer(all.size() + 2);
    std::memcpy(longer.data() + 1, all.data(), all.size());
    CHECK(holm_manifest_check(longer.data() + 1, all.size(), &problem));
    CHECK_FALSE(holm_manifest_check(longer.data() + 1, all.size() + 1, &problem));
}

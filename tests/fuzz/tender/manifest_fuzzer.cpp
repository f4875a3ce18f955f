// A manifest of any content: refused with a place and what is allowed, or all that its readers rely on holds.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "abi/manifest_check.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void require_name(const char (&name)[HOLM_NAME_SIZE]) {
    require(name[0] >= 'a' && name[0] <= 'z');
    require(std::memchr(name, 0, sizeof name) != nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    holm_manifest_problem problem{};
    if (!holm_manifest_check(data, size, &problem)) {
        require(problem.field != nullptr && problem.allowed != nullptr);
        require(problem.offset == 0 || problem.offset < size);
        return 0;
    }
    holm_manifest manifest;
    require(size >= sizeof manifest);
    std::memcpy(&manifest, data, sizeof manifest);
    require(manifest.device_count <= HOLM_MAX_DEVICES);
    require(size == sizeof manifest + manifest.device_count * sizeof(holm_manifest_device));
    require(manifest.memory_minimum <= manifest.memory_default &&
            manifest.memory_default <= HOLM_MEMORY_LIMIT);
    require(manifest.stack_size >= HOLM_STACK_MINIMUM && manifest.stack_size <= HOLM_STACK_LIMIT);
    require_name(manifest.name);
    std::vector<holm_manifest_device> devices(manifest.device_count);
    if (!devices.empty()) std::memcpy(devices.data(), data + sizeof manifest, size - sizeof manifest);
    for (const holm_manifest_device& device : devices) require_name(device.name);
    return 0;
}

// holm.toml as an attacker would write it: the reader ends, and gives a checked description or mistakes with
// places.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/manifest/assembly.h"
#include "cli/manifest/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holm::cli;
    const auto image = read_description({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!image) {
        if (image.error().empty()) std::abort();
        for (const Mistake& mistake : image.error()) {
            if (mistake.text.empty() || mistake.where.line == 0) std::abort();
        }
        return 0;
    }
    if (image->memory_default < image->memory_minimum || image->name != "fuzz") std::abort();
    if (write_assembly(*image, {.entries = {{.path = "", .is_directory = true}}, .inputs = {}}).empty())
        std::abort();
    return 0;
}

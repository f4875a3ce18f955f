#pragma once

// The first steps of every start: command line, image file, devices. Whatever is wrong ends the tender with
// one sentence.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "abi/boot_info.h"
#include "tender/instance/options.h"
#include "tender/loader/load_error.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// What these steps work on. It is large: meant for zeroed static memory, most of which is never touched and
// costs nothing.
struct Start {
    Options options;
    std::array<std::byte, kHeadSize> head;
    LoadPlan plan;
    std::array<holm_boot_device, HOLM_MAX_DEVICES> devices;

    std::span<const holm_boot_device> device_list() const {
        return {devices.data(), plan.manifest.device_count};
    }
    std::string_view name() const { return plan.manifest.name; }
};

// "IMAGE: WHY".
[[noreturn]] void refuse_image(const Start& start, const Sentence& why);
[[noreturn]] void refuse_image(const Start& start, const LoadError& error);

// `words` is argv without the program's name. Ends the tender after --help.
void read_options(Start& start, std::span<char* const> words, const TenderTraits& tender);

// Opens the image, reads its head once, checks it and that it was built for `platform`, which holm.toml calls
// `platform_name`. Returns the file's descriptor.
int open_image(Start& start, holm_platform platform, std::string_view platform_name);

// Bytes of heap: what the operator grants, or what the manifest says.
std::uint64_t heap_size(const Start& start);

// Matches the grants with the manifest's devices and opens what is granted.
void open_devices(Start& start);

}  // namespace holm::tender

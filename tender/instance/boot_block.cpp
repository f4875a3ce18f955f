#include "tender/instance/boot_block.h"

#include <algorithm>
#include <cstring>

namespace holm::tender {
namespace {

class StringWriter {
  public:
    StringWriter(std::uint64_t address, std::uint64_t offset) : at_(address), offset_(offset) {}

    void begin(holm_strings& strings) {
        strings_ = &strings;
        strings = {at_, 0, 0};
    }
    void add(std::string_view text) {
        char* const to = reinterpret_cast<char*>(at_ + offset_);
        std::memcpy(to, text.data(), text.size());
        to[text.size()] = 0;
        at_ += text.size() + 1;
        strings_->size += static_cast<std::uint32_t>(text.size() + 1);
        strings_->count++;
    }

  private:
    std::uint64_t at_;  // the guest's address
    std::uint64_t offset_;
    holm_strings* strings_ = nullptr;
};

}  // namespace

std::uint64_t size_of_strings(std::string_view name, const Options& options) {
    std::uint64_t size = name.size() + 1;
    for (const std::string_view text : options.arguments.items()) size += text.size() + 1;
    for (const std::string_view text : options.environment.items()) size += text.size() + 1;
    return size;
}

holm_boot_info& write_boot_block(const BootInput& input) {
    const Layout& layout = input.layout;
    auto& info =
        *reinterpret_cast<holm_boot_info*>(layout.boot_info + input.offset);  // fresh memory: all zero
    info.magic = HOLM_BOOT_MAGIC;
    info.version = HOLM_BOOT_VERSION;
    info.size = sizeof info;
    info.platform = input.platform;
    info.flags = input.options.quiet ? HOLM_BOOT_QUIET : 0;
    info.image_base = layout.base;
    info.image_link_base = input.plan.link_base;
    info.image_size = input.plan.span;
    info.program_headers = layout.base + (input.plan.program_headers - input.plan.link_base);
    info.program_header_count = input.plan.program_header_count;
    info.stop_grace_ms = input.options.grace_ms;
    info.heap_start = layout.heap.start;
    info.heap_size = layout.heap.size;
    info.stack_low = layout.stack.start;
    info.stack_size = layout.stack_top - layout.stack.start;
    std::copy(input.seed.begin(), input.seed.end(), info.seed);
    info.device_count = static_cast<std::uint32_t>(input.devices.size());
    std::copy(input.devices.begin(), input.devices.end(), info.devices);

    StringWriter writer(layout.strings, input.offset);
    writer.begin(info.arguments);
    writer.add(input.name);
    for (const std::string_view text : input.options.arguments.items()) writer.add(text);
    writer.begin(info.environment);
    for (const std::string_view text : input.options.environment.items()) writer.add(text);
    return info;
}

}  // namespace holm::tender

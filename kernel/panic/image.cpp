#include "kernel/panic/image.h"

#include <algorithm>
#include <cstring>

#include <elf.h>

#include "abi/boot_info.h"

namespace holm {

static std::span<const std::uint8_t> find_build_id(const std::uint8_t* notes, std::size_t size) {
    const std::uint8_t* const end = notes + size;
    while (static_cast<std::size_t>(end - notes) > sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr header;
        std::memcpy(&header, notes, sizeof header);
        const std::uint8_t* name = notes + sizeof header;
        const std::uint8_t* contents = name + (header.n_namesz + 3) / 4 * 4;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
            return {contents, header.n_descsz};
        }
        notes = contents + (header.n_descsz + 3) / 4 * 4;
    }
    return {};
}

ImageLayout image_layout(const holm_boot_info& boot) {
    ImageLayout layout;
    layout.slide = boot.image_base - boot.image_link_base;
    layout.whole = {boot.image_base, boot.image_base + boot.image_size};
    const auto* headers = reinterpret_cast<const Elf64_Phdr*>(boot.program_headers);
    for (const Elf64_Phdr& header : std::span(headers, boot.program_header_count)) {
        const std::uint64_t begin = header.p_vaddr + layout.slide;
        const AddressRange range{begin, begin + header.p_memsz};
        if (header.p_type == PT_LOAD && (header.p_flags & PF_X) != 0) {
            if (layout.text.end != 0) layout.hidden = {layout.text.end, range.begin};
            layout.text = {layout.text.end == 0 ? range.begin : layout.text.begin, range.end};
        }
        if (header.p_type == PT_LOAD && (header.p_flags & PF_W) != 0) {
            layout.data = {layout.data.begin == 0 ? range.begin : std::min(layout.data.begin, range.begin),
                           std::max(layout.data.end, range.end)};
        }
        if (header.p_type == PT_NOTE && layout.build_id.empty()) {
            layout.build_id = find_build_id(reinterpret_cast<const std::uint8_t*>(begin), header.p_filesz);
        }
    }
    layout.read_only = {layout.whole.begin, layout.data.begin};
    return layout;
}

}  // namespace holm

#include "kernel/platform/virtio/own_image.h"

#include <span>

#include <elf.h>

extern "C" {
[[gnu::visibility("hidden")]] extern const Elf64_Ehdr __ehdr_start;
}

namespace holm::platform {
namespace {

constexpr std::uint64_t kPage = PageTables::kPage;
constexpr Elf64_Sxword kRelrSize = 35;  // DT_RELRSZ and DT_RELR, younger than musl's <elf.h>
constexpr Elf64_Sxword kRelr = 36;

std::uint64_t down(std::uint64_t address) {
    return address & -kPage;
}
std::uint64_t up(std::uint64_t address) {
    return (address + kPage - 1) & -kPage;
}

std::span<const Elf64_Phdr> headers() {
    const auto* first = reinterpret_cast<const Elf64_Phdr*>(reinterpret_cast<std::uint64_t>(&__ehdr_start) +
                                                            __ehdr_start.e_phoff);
    return {first, __ehdr_start.e_phnum};
}

// Bits of a word say which of the 63 words behind the last one named are to be moved.
void apply_relr(std::uint64_t table, std::uint64_t size, std::uint64_t offset) {
    std::uint64_t* next = nullptr;
    for (const std::uint64_t entry :
         std::span(reinterpret_cast<const std::uint64_t*>(table), size / sizeof(std::uint64_t))) {
        if ((entry & 1) == 0) {
            next = reinterpret_cast<std::uint64_t*>(entry);
            *next++ += offset;
            continue;
        }
        for (unsigned bit = 1; bit < 64; ++bit) {
            if ((entry >> bit & 1) != 0) next[bit - 1] += offset;
        }
        next += 63;
    }
}

}  // namespace

OwnImage own_image() {
    OwnImage image{.start = reinterpret_cast<std::uint64_t>(&__ehdr_start),
                   .end = 0,
                   .program_headers = reinterpret_cast<std::uint64_t>(headers().data()),
                   .program_header_count = static_cast<std::uint32_t>(headers().size()),
                   .entry = __ehdr_start.e_entry};
    for (const Elf64_Phdr& header : headers()) {
        if (header.p_type == PT_LOAD) image.end = up(header.p_vaddr + header.p_memsz);
    }
    return image;
}

Result<> map_own_image(PageTables& tables, std::uint64_t offset) {
    std::uint64_t constant_start = 0;
    std::uint64_t constant_end = 0;
    for (const Elf64_Phdr& header : headers()) {
        if (header.p_type != PT_GNU_RELRO) continue;
        constant_start = header.p_vaddr;
        constant_end = down(header.p_vaddr + header.p_memsz);
    }
    for (const Elf64_Phdr& header : headers()) {
        if (header.p_type != PT_LOAD) continue;
        const std::uint64_t end = up(header.p_vaddr + header.p_memsz);
        for (std::uint64_t page = down(header.p_vaddr); page < end; page += kPage) {
            PageAccess access = PageAccess::kRead;
            if ((header.p_flags & PF_X) != 0) access = PageAccess::kReadExecute;
            if ((header.p_flags & PF_W) != 0 && (page < constant_start || page >= constant_end))
                access = PageAccess::kReadWrite;
            TRY(tables.map(page + offset, page, 1, access));
        }
    }
    return {};
}

Result<> relocate_own_image(std::uint64_t offset) {
    std::uint64_t relr = 0, relr_size = 0, rela = 0, rela_size = 0;
    for (const Elf64_Phdr& header : headers()) {
        if (header.p_type != PT_DYNAMIC) continue;
        for (const auto* entry = reinterpret_cast<const Elf64_Dyn*>(header.p_vaddr); entry->d_tag != DT_NULL;
             ++entry) {
            if (entry->d_tag == kRelr) relr = entry->d_un.d_ptr;
            if (entry->d_tag == kRelrSize) relr_size = entry->d_un.d_val;
            if (entry->d_tag == DT_RELA) rela = entry->d_un.d_ptr;
            if (entry->d_tag == DT_RELASZ) rela_size = entry->d_un.d_val;
        }
    }
    for (const Elf64_Rela& one :
         std::span(reinterpret_cast<const Elf64_Rela*>(rela), rela_size / sizeof(Elf64_Rela))) {
        if (ELF64_R_TYPE(one.r_info) != R_X86_64_RELATIVE)
            return fail(ErrorCode::kUnsupported, "the image has a relocation that is not relative");
        *reinterpret_cast<std::uint64_t*>(one.r_offset) = static_cast<std::uint64_t>(one.r_addend) + offset;
    }
    apply_relr(relr, relr_size, offset);
    return {};
}

}  // namespace holm::platform

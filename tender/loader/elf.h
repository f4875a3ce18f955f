#pragma once

// The part of ELF64 that an image uses (System V ABI, chapters "Object Files" and "Program Loading"), so that
// the loader does not depend on which C library's <elf.h> knows RELR.

#include <cstdint>

namespace holm::tender::elf {

constexpr std::uint64_t kPageSize = 4096;

struct FileHeader {
    std::uint8_t e_ident[16];  // magic, class, byte order, version, OS ABI
    std::uint16_t e_type;
    std::uint16_t e_machine;
    std::uint32_t e_version;
    std::uint64_t e_entry;
    std::uint64_t e_phoff;
    std::uint64_t e_shoff;
    std::uint32_t e_flags;
    std::uint16_t e_ehsize;
    std::uint16_t e_phentsize;
    std::uint16_t e_phnum;
    std::uint16_t e_shentsize;
    std::uint16_t e_shnum;
    std::uint16_t e_shstrndx;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    std::uint32_t p_type;
    std::uint32_t p_flags;
    std::uint64_t p_offset;
    std::uint64_t p_vaddr;
    std::uint64_t p_paddr;
    std::uint64_t p_filesz;
    std::uint64_t p_memsz;
    std::uint64_t p_align;
};
static_assert(sizeof(ProgramHeader) == 56);

struct NoteHeader {
    std::uint32_t n_namesz;
    std::uint32_t n_descsz;
    std::uint32_t n_type;
};
static_assert(sizeof(NoteHeader) == 12);

struct DynamicEntry {
    std::uint64_t d_tag;
    std::uint64_t d_value;
};

struct Rela {
    std::uint64_t r_offset;
    std::uint64_t r_info;
    std::uint64_t r_addend;  // signed in the standard; added modulo 2^64 here
};
static_assert(sizeof(Rela) == 24);

enum Type : std::uint16_t { kTypeDynamic = 3 };
enum Machine : std::uint16_t { kMachineX86_64 = 62 };
enum Relocation : std::uint64_t { kRelocationNone = 0, kRelocationRelative = 8 };

enum SegmentType : std::uint32_t {
    kSegmentLoad = 1,
    kSegmentDynamic = 2,
    kSegmentInterpreter = 3,
    kSegmentNote = 4,
    kSegmentTls = 7,
    kSegmentGnuStack = 0x6474e551,
    kSegmentGnuRelro = 0x6474e552,
};

enum SegmentFlag : std::uint32_t { kExecute = 1, kWrite = 2, kRead = 4 };

enum DynamicTag : std::uint64_t {
    kDynamicEnd = 0,
    kDynamicNeeded = 1,
    kDynamicPltRelocationsSize = 2,
    kDynamicRela = 7,
    kDynamicRelaSize = 8,
    kDynamicRelaEntrySize = 9,
    kDynamicRel = 17,
    kDynamicTextRelocations = 22,
    kDynamicRelrSize = 35,
    kDynamicRelr = 36,
    kDynamicRelrEntrySize = 37,
};

}  // namespace holm::tender::elf

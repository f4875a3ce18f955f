#pragma once

// A small valid image, made field by field, so that a test can spoil exactly one.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "abi/manifest.h"
#include "base/bytes.h"
#include "tender/loader/elf.h"

namespace holm::tender {

struct ImageBuilder {
    // Places in the file; link addresses are the same plus kBase.
    static constexpr std::uint64_t kBase = 0x200000;
    static constexpr std::uint64_t kNoteAt = 0x400;
    static constexpr std::uint64_t kRelrAt = 0x800;
    static constexpr std::uint64_t kRelaAt = 0xa00;
    static constexpr std::uint64_t kTextAt = 0x1000;
    static constexpr std::uint64_t kRelroAt = 0x2000;
    static constexpr std::uint64_t kDataAt = 0x3000;
    static constexpr std::uint64_t kEnd = 0x3100;  // of the file; zeroed data follows in memory

    enum Program { kLoadRead, kLoadText, kLoadRelro, kLoadData, kDynamic, kRelro, kTls, kStack, kNote };

    elf::FileHeader header{};
    std::vector<elf::ProgramHeader> programs;
    std::vector<elf::DynamicEntry> dynamic;
    std::vector<std::uint64_t> relr;
    std::vector<elf::Rela> rela;
    elf::NoteHeader note{};
    holm_manifest manifest{};
    std::vector<holm_manifest_device> devices;

    ImageBuilder() {
        using namespace elf;
        const std::uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        std::memcpy(header.e_ident, ident, sizeof ident);
        header.e_type = kTypeDynamic;
        header.e_machine = kMachineX86_64;
        header.e_version = 1;
        header.e_entry = kBase + kTextAt;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(ProgramHeader);
        add(kSegmentLoad, kRead, 0, 0xc00, 0xc00);
        add(kSegmentLoad, kRead | kExecute, kTextAt, 0x100, 0x100);
        add(kSegmentLoad, kRead | kWrite, kRelroAt, 0x200, 0x1000);
        add(kSegmentLoad, kRead | kWrite, kDataAt, kEnd - kDataAt, 0x2345);
        add(kSegmentDynamic, kRead | kWrite, kRelroAt + 0x100, 0, 0);  // its size: see bytes()
        add(kSegmentGnuRelro, kRead, kRelroAt, 0x200, 0x1000);
        add(kSegmentTls, kRead, kDataAt, 0x10, 0x20);
        add(kSegmentGnuStack, kRead | kWrite, 0, 0, 0);
        add(kSegmentNote, kRead, kNoteAt, 0, 0);  // its size: see bytes()
        // RELR: the words at +0, +8 and +24 of the RELRO segment. RELA: one in the data.
        relr = {kBase + kRelroAt, 1 | 1 << 1 | 1 << 3};
        rela = {{kBase + kDataAt + 8, kRelocationRelative, kBase + 0x1234}};
        dynamic = {{kDynamicRelr, kBase + kRelrAt},
                   {kDynamicRelrSize, 16},
                   {kDynamicRelrEntrySize, 8},
                   {kDynamicRela, kBase + kRelaAt},
                   {kDynamicRelaSize, 24},
                   {kDynamicRelaEntrySize, 24},
                   {kDynamicEnd, 0}};
        note = {5, 0, HOLM_NOTE_TYPE_MANIFEST};
        manifest.version = HOLM_MANIFEST_VERSION;
        manifest.platforms = 1u << HOLM_PLATFORM_PROCESS;
        manifest.memory_minimum = 1 << 20;
        manifest.memory_default = 4 << 20;
        manifest.stack_size = 64 << 10;
        manifest.upcall = upcall_to(kTextAt + 0x20);
        std::strcpy(manifest.name, "example");
    }

    holm_manifest_device& add_device(const char* name, std::uint32_t kind = HOLM_DEVICE_NET,
                                     std::uint32_t flags = 0) {
        holm_manifest_device device{};
        std::strncpy(device.name, name, sizeof device.name);
        device.kind = kind;
        device.flags = flags;
        devices.push_back(device);
        return devices.back();
    }

    // The value of manifest.upcall for a routine at this place in the file.
    static std::int32_t upcall_to(std::uint64_t place) {
        return static_cast<std::int32_t>(place) -
               static_cast<std::int32_t>(kNoteAt + 20 + offsetof(holm_manifest, upcall));
    }

    // The sizes that follow from the contents, before a test changes them.
    void settle() {
        manifest.device_count = static_cast<std::uint32_t>(devices.size());
        manifest.size = static_cast<std::uint32_t>(sizeof manifest + devices.size() * sizeof devices[0]);
        note.n_descsz = manifest.size;
        resize(programs[kNote], 20 + manifest.size);
        resize(programs[kDynamic], dynamic.size() * sizeof dynamic[0]);
        header.e_phnum = static_cast<std::uint16_t>(programs.size());
    }

    std::vector<std::byte> bytes_as_they_are() const {
        std::vector<std::byte> file(kEnd);
        put(file, 0, &header, sizeof header);
        put(file, sizeof header, programs.data(), programs.size() * sizeof programs[0]);
        put(file, kNoteAt, &note, sizeof note);
        put(file, kNoteAt + 12, HOLM_NOTE_NAME "\0\0\0", 8);
        put(file, kNoteAt + 20, &manifest, sizeof manifest);
        put(file, kNoteAt + 20 + sizeof manifest, devices.data(),
            devices.size() * sizeof(holm_manifest_device));
        put(file, kRelrAt, relr.data(), relr.size() * sizeof(std::uint64_t));
        put(file, kRelaAt, rela.data(), rela.size() * sizeof(elf::Rela));
        put(file, kRelroAt + 0x100, dynamic.data(), dynamic.size() * sizeof(elf::DynamicEntry));
        // What RELR adds to: with --apply-dynamic-relocs the words hold link addresses.
        const std::uint64_t words[] = {kBase + 0x10, kBase + 0x20, 0x5555, kBase + 0x30};
        put(file, kRelroAt, words, sizeof words);
        return file;
    }

    std::vector<std::byte> bytes() {
        settle();
        return bytes_as_they_are();
    }

  private:
    void add(std::uint32_t type, std::uint32_t flags, std::uint64_t at, std::uint64_t file_size,
             std::uint64_t memory_size) {
        programs.push_back({type, flags, at, kBase + at, kBase + at, file_size, memory_size,
                            type == elf::kSegmentLoad ? elf::kPageSize : 8});
        if (type == elf::kSegmentNote) programs.back().p_align = 4;
    }
    static void resize(elf::ProgramHeader& program, std::uint64_t size) {
        program.p_filesz = program.p_memsz = size;
    }
    static void put(std::vector<std::byte>& file, std::uint64_t at, const void* from, std::size_t size) {
        if (file.size() < at + size) file.resize(at + size);
        if (size != 0) std::memcpy(file.data() + at, from, size);
    }
};

}  // namespace holm::tender

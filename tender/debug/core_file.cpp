#include "tender/debug/core_file.h"

#include <algorithm>
#include <cstring>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kThreadId = 32;  // offsets in the kernel's struct elf_prstatus
constexpr std::size_t kThreadSignal = 12;
constexpr std::size_t kThreadRegisters = 112;
constexpr std::size_t kThreadHasFloatingPoint = 328;
constexpr std::size_t kThreadStatusSize = 336;
constexpr std::size_t kProcessName = 40;  // ... and in struct elf_prpsinfo
constexpr std::size_t kProcessArguments = 56;
constexpr std::size_t kProcessInfoSize = 136;

constexpr std::size_t kNoteName = 8;  // "CORE" or "LINUX", and padding
constexpr std::size_t note_size(std::size_t content) {
    return sizeof(Elf64_Nhdr) + kNoteName + content;
}
constexpr std::size_t kAuxiliarySize = 4 * 8;
constexpr std::size_t kNotesOfThread = note_size(kThreadStatusSize) + note_size(ExtendedState::kLegacySize) +
                                       note_size(sizeof(ExtendedState::bytes));

class CoreWriter {
  public:
    CoreWriter(int file, const CoreContents& contents, CoreSource& source)
        : file_(file), contents_(contents), source_(source) {}

    std::expected<CoreSize, Sentence> run() {
        const std::uint64_t data = (end_of_notes() + kPage - 1) / kPage * kPage;
        std::uint64_t at = data;
        bool good = ftruncate(file_, 0) == 0;
        for (std::size_t i = 0; good && i < contents_.regions.size(); i++) {
            good = write_region(contents_.regions[i], at);
            if (size_.complete) at += contents_.regions[i].size;
            ends_[i] = at;
        }
        // The length, even if it ends with a hole.
        good = good && ftruncate(file_, static_cast<off_t>(at)) == 0 && write_notes() && write_headers(data);
        if (good) return size_;
        const int error = errno;
        // What is there is no core file, and the disk may be full of it.
        [[maybe_unused]] const int cut = ftruncate(file_, 0);
        Sentence why;
        why.text(strerror(error)).text(" after ").decimal(size_.written).text(" bytes of memory");
        return std::unexpected(why);
    }

  private:
    std::uint64_t end_of_headers() const {
        return sizeof(Elf64_Ehdr) + (1 + contents_.regions.size()) * sizeof(Elf64_Phdr);
    }
    std::uint64_t notes_size() const {
        return note_size(kProcessInfoSize) + note_size(kAuxiliarySize) +
               contents_.threads.size() * kNotesOfThread;
    }
    std::uint64_t end_of_notes() const { return end_of_headers() + notes_size(); }

    bool put(const void* from, std::size_t size, std::uint64_t at) const {
        const auto* bytes = static_cast<const std::byte*>(from);
        while (size > 0) {
            const ssize_t written = pwrite(file_, bytes, size, static_cast<off_t>(at));
            if (written < 0 && errno == EINTR) continue;
            if (written == 0) errno = ENOSPC;
            if (written <= 0) return false;
            bytes += written;
            at += static_cast<std::uint64_t>(written);
            size -= static_cast<std::size_t>(written);
        }
        return true;
    }

    bool write_region(const CoreRegion& region, std::uint64_t at) {
        alignas(16) std::array<std::byte, kPage> page;
        for (std::uint64_t offset = 0; size_.complete && offset < region.size; offset += kPage) {
            if (!source_.read(region.address + offset, page)) continue;
            if (std::ranges::all_of(page, [](std::byte byte) { return byte == std::byte{}; })) continue;
            if (size_.written == kLargestCore) {
                size_.complete = false;
                break;
            }
            if (!put(page.data(), page.size(), at + offset)) return false;
            size_.written += kPage;
        }
        return true;
    }

    bool write_headers(std::uint64_t data) const {
        Elf64_Ehdr header{};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_CORE;
        header.e_machine = EM_X86_64;
        header.e_version = EV_CURRENT;
        header.e_phoff = sizeof header;
        header.e_ehsize = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = static_cast<Elf64_Half>(1 + contents_.regions.size());
        Elf64_Phdr notes{};
        notes.p_type = PT_NOTE;
        notes.p_offset = end_of_headers();
        notes.p_filesz = notes_size();
        notes.p_align = 4;
        std::uint64_t at = sizeof header;
        if (!put(&notes, sizeof notes, at)) return false;
        std::uint64_t offset = data;
        for (std::size_t i = 0; i < contents_.regions.size(); i++) {
            const CoreRegion& region = contents_.regions[i];
            Elf64_Phdr load{};
            load.p_type = PT_LOAD;
            load.p_flags = region.flags;
            load.p_offset = offset;
            load.p_vaddr = region.address;
            load.p_filesz = ends_[i] - offset;
            load.p_memsz = region.size;
            load.p_align = kPage;
            offset = ends_[i];
            at += sizeof load;
            if (!put(&load, sizeof load, at)) return false;
        }
        return put(&header, sizeof header, 0);  // the last: a file that begins so is complete
    }

    bool put_note(std::uint32_t type, const void* content, std::size_t size, std::uint64_t& at) const {
        const std::string_view owner = type == NT_X86_XSTATE ? "LINUX" : "CORE";
        const Elf64_Nhdr header{.n_namesz = static_cast<Elf64_Word>(owner.size() + 1),
                                .n_descsz = static_cast<Elf64_Word>(size),
                                .n_type = type};
        char name[kNoteName]{};
        std::ranges::copy(owner, name);
        const bool good = put(&header, sizeof header, at) && put(name, sizeof name, at + sizeof header) &&
                          put(content, size, at + sizeof header + sizeof name);
        at += note_size(size);
        return good;
    }

    bool write_notes() const {
        std::uint64_t at = end_of_headers();
        std::array<char, kProcessInfoSize> process{};
        const std::size_t length = std::min<std::size_t>(contents_.name.size(), 15);
        std::memcpy(&process[kProcessName], contents_.name.data(), length);
        std::memcpy(&process[kProcessArguments], contents_.name.data(), length);
        const std::uint64_t auxiliary[] = {AT_ENTRY, contents_.entry, AT_NULL, 0};
        static_assert(sizeof auxiliary == kAuxiliarySize);
        bool good = put_note(NT_PRPSINFO, process.data(), process.size(), at) &&
                    put_note(NT_AUXV, auxiliary, sizeof auxiliary, at);
        for (const CoreThread& thread : contents_.threads) good = good && put_thread(thread, at);
        return good;
    }

    bool put_thread(const CoreThread& thread, std::uint64_t& at) const {
        std::array<std::byte, kThreadStatusSize> status{};
        const auto signal = static_cast<std::uint32_t>(thread.signal);
        const auto short_signal = static_cast<std::uint16_t>(thread.signal);
        const std::uint32_t yes = 1;
        std::memcpy(&status[0], &signal, sizeof signal);
        std::memcpy(&status[kThreadSignal], &short_signal, sizeof short_signal);
        std::memcpy(&status[kThreadId], &thread.id, sizeof thread.id);
        std::memcpy(&status[kThreadRegisters], &thread.registers, sizeof thread.registers);
        std::memcpy(&status[kThreadHasFloatingPoint], &yes, sizeof yes);
        return put_note(NT_PRSTATUS, status.data(), status.size(), at) &&
               put_note(NT_FPREGSET, thread.extended.bytes.data(), ExtendedState::kLegacySize, at) &&
               put_note(NT_X86_XSTATE, thread.extended.bytes.data(), thread.extended.bytes.size(), at);
    }

    int file_;
    const CoreContents& contents_;
    CoreSource& source_;
    CoreSize size_;
    std::array<std::uint64_t, kMostCoreRegions> ends_{};  // in the file, of each region
};

// One that was not finished begins with zeroes: its header is written last.
bool is_core(int file) {
    Elf64_Ehdr header{};
    constexpr Elf64_Ehdr kNone{};
    if (pread(file, &header, sizeof header, 0) != sizeof header) return false;
    if (std::memcmp(&header, &kNone, sizeof header) == 0) return true;
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_CORE;
}

}  // namespace

std::uint64_t ExtendedState::word(std::size_t offset) const {
    std::uint64_t found;
    std::memcpy(&found, &bytes[offset], sizeof found);
    return found;
}

void ExtendedState::set_features(bool avx) {
    const std::uint64_t features = kLegacyParts | (avx ? kAvxPart : 0);
    const std::uint64_t present = word(kPresent) & features;
    std::memcpy(&bytes[kFeatures], &features, sizeof features);
    std::memcpy(&bytes[kPresent], &present, sizeof present);
}

std::expected<int, Sentence> open_core_file(const char* path) {
    const auto failed = [path](std::string_view why) {
        return std::unexpected(Sentence{}.text("--dump ").foreign(path).text(": ").text(why));
    };
    // Without waiting for whoever may be at the other end of a pipe.
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat status{};
    if (file < 0 || fstat(file, &status) != 0) return failed(strerror(errno));
    if (!S_ISREG(status.st_mode)) return failed("not a regular file");
    if (status.st_size != 0 && !is_core(file)) return failed("it exists and is no core file");
    if (ftruncate(file, 0) != 0) return failed(strerror(errno));
    return file;
}

std::expected<CoreSize, Sentence> write_core(int file, const CoreContents& contents, CoreSource& source) {
    if (contents.regions.size() > kMostCoreRegions)
        return std::unexpected(Sentence{}.text("the instance has more than 256 mappings"));
    return CoreWriter(file, contents, source).run();
}

}  // namespace holm::tender

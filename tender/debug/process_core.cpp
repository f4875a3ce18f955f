#include "tender/debug/process_core.h"

#include <algorithm>
#include <cstring>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kUserEnd = 0x800000000000;

class Descriptor {
  public:
    Descriptor(pid_t process, std::string_view name) {
        Sentence path;
        path.text("/proc/").decimal(static_cast<std::uint64_t>(process)).text("/").text(name);
        char text[64] = {};
        std::memcpy(text, path.view().data(), path.view().size());
        number_ = open(text, O_RDONLY | O_CLOEXEC);
    }
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    explicit operator bool() const { return number_ >= 0; }

    std::size_t read(MutableBytes into, std::uint64_t offset) const {
        std::size_t got = 0;
        while (got < into.size()) {
            const ssize_t size =
                pread(number_, into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) break;
            got += static_cast<std::size_t>(size);
        }
        return got;
    }

    // For files of proc(5) that are read from start to end; 0: the end, an error, or no room.
    std::size_t read_some(std::span<char> into) const {
        ssize_t size = -1;
        do size = ::read(number_, into.data(), into.size());
        while (size < 0 && errno == EINTR);
        return size < 0 ? 0 : static_cast<std::size_t>(size);
    }
    std::size_t read_text(std::span<char> into) const {
        std::size_t got = 0;
        while (const std::size_t more = read_some(into.subspan(got))) got += more;
        return got;
    }

  private:
    int number_;
};

struct Regions {
    std::array<CoreRegion, kMostCoreRegions> items;
    std::size_t count = 0;
    // Those that show a file, whose pages hold something before anybody touches them.
    std::array<CoreRegion, kMostCoreRegions> of_files;
    std::size_t of_files_count = 0;

    bool is_of_file(std::uint64_t address) const {
        return std::ranges::any_of(std::span(of_files).first(of_files_count), [&](const CoreRegion& region) {
            return address - region.address < region.size;
        });
    }
};

class ProcessMemory final : public CoreSource {
  public:
    ProcessMemory(pid_t process, const Regions& regions)
        : memory_(process, "mem"), pages_(process, "pagemap"), regions_(regions) {}

    bool opened() const { return static_cast<bool>(memory_); }

    bool read(std::uint64_t address, MutableBytes page) override {
        if (!is_there(address / kPage) && !regions_.is_of_file(address)) return false;
        return memory_.read(page, address) == page.size();
    }

  private:
    static constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
    static constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;

    // Reading a page of the heap that was never touched would make it; a heap may be a thousand times the
    // memory in use.
    bool is_there(std::uint64_t number) {
        if (!pages_) return true;
        if (number < first_ || number >= first_ + entries_.size()) {
            first_ = number;
            entries_.fill(0);
            pages_.read(MutableBytes(reinterpret_cast<std::byte*>(entries_.data()), sizeof entries_),
                        number * 8);
        }
        return (entries_[number - first_] & (kPresent | kSwapped)) != 0;
    }

    Descriptor memory_;
    Descriptor pages_;
    const Regions& regions_;
    std::uint64_t first_ = ~std::uint64_t{0} - 1024;
    std::array<std::uint64_t, 512> entries_{};
};

std::uint64_t take_hexadecimal(std::string_view& text) {
    std::uint64_t value = 0;
    while (!text.empty()) {
        const char c = text.front();
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) break;
        value = value * 16 + static_cast<std::uint64_t>(digit);
        text.remove_prefix(1);
    }
    return value;
}

// What is left behind so many words, each with the blanks behind it.
std::string_view behind_words(std::string_view text, int words) {
    for (; words != 0; --words) {
        text.remove_prefix(std::min(text.find(' '), text.size()));
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    return text;
}

// "START-END rwxp OFFSET DEVICE INODE ..." (proc(5)); false when there are too many. A heap that guard pages
// have parted is one region: they are holes in it.
bool add_region(std::string_view line, Regions& regions) {
    const std::uint64_t start = take_hexadecimal(line);
    if (line.empty() || line.front() != '-') return false;
    line.remove_prefix(1);
    const std::uint64_t end = take_hexadecimal(line);
    if (line.size() < 5 || end <= start) return false;
    if (end > kUserEnd) return true;  // the kernel's vsyscall page
    const std::uint32_t flags =
        (line[1] == 'r' ? PF_R : 0u) | (line[2] == 'w' ? PF_W : 0u) | (line[3] == 'x' ? PF_X : 0u);
    const bool is_of_file = flags != 0 && !behind_words(line, 4).starts_with('0');
    if (is_of_file && regions.of_files_count < regions.of_files.size())
        regions.of_files[regions.of_files_count++] = {.address = start, .size = end - start, .flags = flags};
    if (regions.count != 0) {
        CoreRegion& before = regions.items[regions.count - 1];
        if (before.address + before.size == start && (flags == 0 || flags == before.flags)) {
            before.size = end - before.address;
            return true;
        }
    }
    if (regions.count == regions.items.size()) return false;
    regions.items[regions.count++] = {.address = start, .size = end - start, .flags = flags};
    return true;
}

// A few lines at a time: there may be 65,530 of them.
bool read_maps(const Descriptor& maps, Regions& regions) {
    std::array<char, 16384> buffer;
    std::size_t kept = 0;  // bytes of a line whose end has not been read yet
    while (const std::size_t got = maps.read_some(std::span(buffer).subspan(kept))) {
        std::string_view text(buffer.data(), kept + got);
        for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;
             text.remove_prefix(end + 1))
            if (!add_region(text.substr(0, end), regions)) return false;
        kept = text.size();
        std::memmove(buffer.data(), text.data(), kept);
    }
    return kept == 0 && regions.count != 0;
}

std::uint64_t read_entry(pid_t process) {
    std::array<std::uint64_t, 64> words{};
    Descriptor(process, "auxv").read_text({reinterpret_cast<char*>(words.data()), sizeof words});
    for (std::size_t i = 0; i + 1 < words.size() && words[i] != AT_NULL; i += 2)
        if (words[i] == AT_ENTRY) return words[i + 1];
    return 0;
}

bool get_set(pid_t thread, std::uint64_t kind, void* into, std::size_t size) {
    iovec where{into, size};
    return syscall(SYS_ptrace, PTRACE_GETREGSET, thread, kind, &where) == 0;
}

// A processor without XSAVE has the legacy parts only.
bool read_extended_state(pid_t thread, ExtendedState& into) {
    const bool all = get_set(thread, NT_X86_XSTATE, into.bytes.data(), into.bytes.size());
    if (!all && !get_set(thread, NT_FPREGSET, into.bytes.data(), ExtendedState::kLegacySize)) return false;
    into.set_features(all && into.has_avx());
    return true;
}

}  // namespace

bool read_thread(pid_t thread, CoreThread& into) {
    into.id = static_cast<std::uint32_t>(thread);
    return get_set(thread, NT_PRSTATUS, &into.registers, sizeof into.registers) &&
           read_extended_state(thread, into.extended);
}

std::expected<CoreSize, Sentence> write_process_core(int file, pid_t process, std::string_view name,
                                                     std::span<const CoreThread> threads) {
    Regions regions;
    ProcessMemory memory(process, regions);
    const Descriptor maps(process, "maps");
    if (!memory.opened() || !maps || !read_maps(maps, regions))
        return std::unexpected(Sentence{}.text("its memory cannot be read"));
    return write_core(file,
                      {.name = name,
                       .entry = read_entry(process),
                       .threads = threads,
                       .regions = {regions.items.data(), regions.count}},
                      memory);
}

}  // namespace holm::tender

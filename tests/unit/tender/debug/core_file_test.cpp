#include "tender/debug/core_file.h"

#include <cstdlib>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holm::tender {
namespace {

// Every second page of a region holds something.
class Pattern final : public CoreSource {
  public:
    bool read(std::uint64_t address, MutableBytes page) override {
        if (address / 4096 % 2 != 0) return false;
        std::memset(page.data(), 0x5a, page.size());
        return true;
    }
};

class File {
  public:
    File() : number(mkstemp(name_)) { unlink(name_); }
    ~File() { close(number); }
    template <typename T>
    T at(std::uint64_t offset) const {
        T value{};
        CHECK(pread(number, &value, sizeof value, static_cast<off_t>(offset)) == sizeof value);
        return value;
    }

  private:
    char name_[32] = "/tmp/holm-core-test-XXXXXX";

  public:
    int number;
};

}  // namespace

TEST_CASE("a core has a segment for each region, with holes for what holds nothing") {
    const File file;
    Pattern pattern;
    CoreThread thread{.id = 7, .signal = 11};
    thread.registers.rip = 0x1234;
    const CoreRegion regions[] = {{0x10000, 4 * 4096, PF_R | PF_X}, {0x40000, 1024 * 4096, PF_R | PF_W}};
    const auto size = write_core(file.number, {"image", 0x401000, {&thread, 1}, regions}, pattern);
    REQUIRE(size);
    CHECK(size->written == (2 + 512) * 4096);
    CHECK(size->complete);

    const auto header = file.at<Elf64_Ehdr>(0);
    CHECK(header.e_type == ET_CORE);
    REQUIRE(header.e_phnum == 3);
    const auto last = file.at<Elf64_Phdr>(header.e_phoff + 2 * sizeof(Elf64_Phdr));
    CHECK(last.p_vaddr == 0x40000);
    CHECK(last.p_filesz == last.p_memsz);
    CHECK(file.at<std::uint8_t>(last.p_offset) == 0x5a);
    CHECK(file.at<std::uint8_t>(last.p_offset + 4096) == 0);
    struct stat status{};
    REQUIRE(fstat(file.number, &status) == 0);
    CHECK(static_cast<std::uint64_t>(status.st_size) == last.p_offset + last.p_filesz);
}

TEST_CASE("the notes hold name, entry and registers") {
    const File file;
    Pattern pattern;
    CoreThread thread{.id = 7, .signal = 6};
    thread.registers.rip = 0x1234;
    REQUIRE(write_core(file.number, {"image", 0x401000, {&thread, 1}, {}}, pattern));
    auto at = file.at<Elf64_Phdr>(sizeof(Elf64_Ehdr)).p_offset;
    std::vector<std::uint32_t> types;
    for (int i = 0; i < 5; i++) {
        const auto note = file.at<Elf64_Nhdr>(at);
        const std::uint64_t content = at + sizeof note + 8;
        types.push_back(note.n_type);
        if (note.n_type == NT_AUXV) CHECK(file.at<std::uint64_t>(content + 8) == 0x401000);
        if (note.n_type == NT_PRSTATUS) CHECK(file.at<std::uint64_t>(content + 112 + 16 * 8) == 0x1234);
        at = content + note.n_descsz;
    }
    CHECK(types == std::vector<std::uint32_t>{NT_PRPSINFO, NT_AUXV, NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE});
}

TEST_CASE("what cannot be written is one sentence") {
    Pattern pattern;
    CHECK_FALSE(write_core(-1, {"image", 0, {}, {}}, pattern));
    const std::vector<CoreRegion> many(kMostCoreRegions + 1, CoreRegion{0x1000, 4096, PF_R});
    const auto outcome = write_core(-1, {"image", 0, {}, many}, pattern);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().view() == "the instance has more than 256 mappings");
}

}  // namespace holm::tender

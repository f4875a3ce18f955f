// An image file of any content: refused with a sentence, or planned, mapped and relocated inside its own
// memory.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tender/loader/parse.h"
#include "tender/loader/relocate.h"

using namespace holm;
using namespace holm::tender;

namespace {

constexpr std::uint64_t kLargestMapped =
    4 << 20;  // larger plans are only parsed: the fuzzer's memory is bounded

void require(bool condition) {
    if (!condition) std::abort();
}

void check_sentence(const LoadError& error) {
    Sentence sentence;
    error.describe(sentence);
    require(sentence.view().find("; allowed: ") != std::string_view::npos);
    require(sentence.view().size() < Sentence::kCapacity);
}

// What mapping and boot block rely on.
void check_plan(const LoadPlan& plan, std::uint64_t file_size) {
    std::uint64_t free_from = plan.link_base;
    require(plan.segment_count >= 1 && plan.span <= kMaxImageSpan && plan.span % elf::kPageSize == 0);
    for (const Segment& segment : plan.segments()) {
        require(segment.address >= free_from && segment.address % elf::kPageSize == 0);
        require(segment.file_offset % elf::kPageSize == 0 && segment.file_offset <= file_size);
        require(segment.file_size <= file_size - segment.file_offset &&
                segment.file_size <= segment.memory_size);
        require(!(segment.flags & elf::kWrite && segment.flags & elf::kExecute));
        free_from = page_up(segment.end());
    }
    require(free_from == plan.link_base + plan.span);
    require(plan.segment_of(plan.entry, 1)->flags & elf::kExecute);
    require(plan.segment_of(plan.upcall, 1)->flags & elf::kExecute);
    require(plan.relro.size % elf::kPageSize == 0);
    require(plan.relro.size == 0 || plan.segment_of(plan.relro.start, 1)->flags & elf::kWrite);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes file(reinterpret_cast<const std::byte*>(data), size);
    LoadPlan plan{};
    const auto parsed = parse_image(file.first(std::min<std::size_t>(size, kHeadSize)), size, plan);
    if (!parsed) {
        check_sentence(parsed.error());
        return 0;
    }
    check_plan(plan, size);
    if (plan.span > kLargestMapped) return 0;

    // Each word of memory that no writable segment covers must stay as it is.
    std::vector<std::uint64_t> words(plan.span / 8, 0x5a5a5a5a5a5a5a5a);
    const MutableBytes memory = std::as_writable_bytes(std::span(words));
    for (const Segment& segment : plan.segments()) {
        std::byte* const at = memory.data() + (segment.address - plan.link_base);
        std::memcpy(at, file.data() + segment.file_offset, segment.file_size);
        std::memset(at + segment.file_size, 0, segment.memory_size - segment.file_size);
    }
    const std::vector<std::uint64_t> before = words;
    const auto relocated = relocate_image(plan, memory, 0x5000'0000'0000);
    if (!relocated) check_sentence(relocated.error());
    for (std::size_t i = 0; i < words.size(); i++) {
        if (words[i] == before[i]) continue;
        const std::uint64_t address = plan.link_base + i * 8;
        bool writable = false;
        for (const Segment& segment : plan.segments())
            writable |=
                (segment.flags & elf::kWrite) && address + 8 > segment.address && address < segment.end();
        require(writable);
    }
    return 0;
}

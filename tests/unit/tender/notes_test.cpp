#include "tender/loader/notes.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

// A table of note segments at the front and notes behind it.
struct NoteFile {
    std::vector<elf::ProgramHeader> table;
    std::vector<std::byte> bytes;

    explicit NoteFile(std::size_t segments) : table(segments), bytes(segments * sizeof table[0]) {}

    void append(const void* from, std::size_t size, std::size_t alignment, std::size_t start) {
        const std::size_t at = bytes.size();
        bytes.resize(at + size);
        if (size != 0) std::memcpy(bytes.data() + at, from, size);
        while ((bytes.size() - start) % alignment != 0) bytes.push_back({});
    }
    void begin(std::size_t segment, std::uint64_t alignment = 4) {
        table[segment] = {.p_type = elf::kSegmentNote, .p_offset = bytes.size(), .p_align = alignment};
    }
    void add(std::size_t segment, const std::string& owner, std::uint32_t type, const std::string& text) {
        const auto start = static_cast<std::size_t>(table[segment].p_offset);
        const std::size_t alignment = table[segment].p_align == 8 ? 8 : 4;
        const elf::NoteHeader header = {static_cast<std::uint32_t>(owner.size() + 1),
                                        static_cast<std::uint32_t>(text.size()), type};
        append(&header, sizeof header, 1, start);
        append(owner.c_str(), owner.size() + 1, alignment, start);
        append(text.data(), text.size(), alignment, start);
        table[segment].p_filesz = bytes.size() - start;
    }
    Bytes finish() {
        std::memcpy(bytes.data(), table.data(), table.size() * sizeof table[0]);
        return bytes;
    }
    // What a walk says, one word a step.
    std::string walk() {
        NoteWalker walker(finish(), 0, static_cast<std::uint32_t>(table.size()));
        std::string story;
        for (Note note;;) {
            const auto step = walker.next(note);
            if (step && !*step) return story;
            story += step ? std::string(as_text(note.description)) : std::string("!");
            story += ' ';
        }
    }
};

}  // namespace

TEST_CASE("notes of all segments come in order, by either alignment") {
    NoteFile file(3);
    file.begin(0);
    file.add(0, "GNU", 3, "build");
    file.add(0, "Holm", 7, "x");
    file.begin(2, 8);
    file.add(2, "a", 1, "seventeen letters");
    file.add(2, "bc", 1, "");
    file.add(2, "def", 1, "last");
    CHECK(file.walk() == "build x seventeen letters  last ");
}

TEST_CASE("owner and type name a note") {
    NoteFile file(1);
    file.begin(0);
    file.add(0, "Holm", 7, "x");
    const Bytes bytes = file.finish();
    NoteWalker walker(bytes, 0, 1);
    Note note;
    REQUIRE(walker.next(note).value());
    CHECK(note.is("Holm", 7));
    CHECK_FALSE(note.is("Holm", 8));
    CHECK_FALSE(note.is("Hol", 7));
    CHECK_FALSE(note.is("Holms", 7));
    CHECK(note.offset == sizeof(elf::ProgramHeader));
    CHECK(note.description.data() == bytes.data() + note.description_offset);
}

TEST_CASE("a broken note ends its segment, not the walk") {
    NoteFile file(3);
    file.begin(0);
    file.add(0, "one", 1, "first");
    const std::size_t broken = file.bytes.size();
    file.add(0, "two", 1, "broken");
    file.add(0, "three", 1, "unreachable");
    file.begin(1);
    file.add(1, "four", 1, "next");
    file.table[2] = {.p_type = elf::kSegmentNote, .p_offset = ~std::uint64_t{0}, .p_filesz = 64};
    for (const std::uint32_t size : {0xffffffffu, 0x80000000u, 0x7ffffffcu}) {
        for (const std::size_t field : {0, 4}) {
            NoteFile spoiled = file;
            std::memcpy(spoiled.bytes.data() + broken + field, &size, sizeof size);
            CHECK(spoiled.walk() == "first ! next ");
        }
    }
    file.table[0].p_filesz -= 44;  // now three bytes short of a header are left
    file.table[0].p_filesz += 3;
    CHECK(file.walk() == "first ! next ");
}

}  // namespace holm::tender

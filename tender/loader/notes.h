#pragma once

// The notes of an ELF file (System V ABI, "Note Section"), one after the other, none of them believed: the
// one place that steps through them.

#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "tender/loader/elf.h"
#include "tender/loader/load_error.h"

namespace holm::tender {

struct Note {
    std::uint64_t offset = 0;  // of its header in the file
    std::uint32_t type = 0;
    Bytes name;  // with its NUL
    Bytes description;
    std::uint64_t description_offset = 0;  // in the file

    // `owner` without its NUL.
    bool is(const char* owner, std::uint32_t wanted) const;
};

class NoteWalker {
  public:
    // `file`: the first bytes of the file, or all of it. The table of program headers lies in it; note
    // segments that do not are passed over. Each step moves on by a note header at least, so that the walk is
    // bounded by the bytes in the table's note segments.
    NoteWalker(Bytes file, std::uint64_t program_headers, std::uint32_t count)
        : file_(file), table_(program_headers), count_(count) {}

    // False at the end. After an error the walk can go on, with the next segment.
    std::expected<bool, LoadError> next(Note& note);

  private:
    bool enter_next_segment();
    std::expected<void, LoadError> read(Note& note);
    std::uint64_t align(std::uint64_t offset) const {
        return start_ + ((offset - start_ + alignment_ - 1) & ~(alignment_ - 1));
    }

    Bytes file_;
    std::uint64_t table_;
    std::uint32_t count_;
    std::uint32_t entered_ = 0;  // program headers looked at
    // The segment the walk is in, as offsets in the file.
    std::uint64_t start_ = 0;
    std::uint64_t at_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t alignment_ = 4;  // of descriptions and next notes, counted from the segment's start
};

}  // namespace holm::tender

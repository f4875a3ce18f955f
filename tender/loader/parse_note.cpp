#include "tender/loader/parse_note.h"

#include <cstddef>
#include <cstring>

#include "abi/manifest_check.h"
#include "base/result.h"

namespace holm::tender {
namespace {

using Outcome = std::expected<void, LoadError>;

std::unexpected<LoadError> bad_note(std::uint64_t offset, const char* field, std::uint64_t found,
                                    const char* allowed, std::uint64_t bound = LoadError::kNoBound) {
    return std::unexpected(LoadError{"note", LoadError::kNoIndex, offset, field, found, allowed, bound});
}

struct Note {
    std::uint64_t offset;  // of its header in the file
    elf::NoteHeader header;
    std::uint64_t name;         // offset in the file
    std::uint64_t description;  // offset in the file
};

bool is_manifest(Bytes head, const Note& note) {
    return note.header.n_type == HOLM_NOTE_TYPE_MANIFEST && note.header.n_namesz == sizeof HOLM_NOTE_NAME &&
           std::memcmp(head.data() + note.name, HOLM_NOTE_NAME, sizeof HOLM_NOTE_NAME) == 0;
}

// `upcall` is relative to its own field, so that the linker needs no relocation for it: the field's link
// address is needed, and the note therefore has to lie inside a segment.
Outcome find_upcall(std::uint64_t field_offset, LoadPlan& plan) {
    for (const Segment& segment : plan.segments()) {
        if (field_offset < segment.file_offset || field_offset - segment.file_offset >= segment.file_size)
            continue;
        const std::uint64_t field_address = segment.address + (field_offset - segment.file_offset);
        plan.upcall = field_address + static_cast<std::uint64_t>(std::int64_t{plan.manifest.upcall});
        const Segment* target = plan.segment_of(plan.upcall, 1);
        if (target == nullptr || !(target->flags & elf::kExecute))
            return std::unexpected(LoadError{"manifest", LoadError::kNoIndex, field_offset, "upcall",
                                             static_cast<std::uint32_t>(plan.manifest.upcall),
                                             "the distance to a place inside an executable PT_LOAD"});
        return {};
    }
    return bad_note(field_offset, "the manifest's place", field_offset, "one inside a PT_LOAD");
}

Outcome read_manifest(Bytes head, const Note& note, LoadPlan& plan) {
    const Bytes description = head.subspan(note.description, note.header.n_descsz);
    holm_manifest_problem problem{};
    if (!holm_manifest_check(description.data(), description.size(), &problem))
        return std::unexpected(LoadError{"manifest", LoadError::kNoIndex, note.description + problem.offset,
                                         problem.field, problem.found, problem.allowed});
    std::memcpy(&plan.manifest, description.data(), sizeof plan.manifest);
    std::memcpy(plan.device_storage.data(), description.data() + sizeof plan.manifest,
                description.size() - sizeof plan.manifest);
    return find_upcall(note.description + offsetof(holm_manifest, upcall), plan);
}

class NoteReader {
  public:
    NoteReader(Bytes head, LoadPlan& plan) : head_(head), plan_(plan) {}

    Outcome read_segment(const elf::ProgramHeader& segment) {
        // A note segment beyond the head is not ours to read: the build puts the manifest right after the
        // headers.
        if (segment.p_filesz > head_.size() || segment.p_offset > head_.size() - segment.p_filesz) return {};
        const std::uint64_t end = segment.p_offset + segment.p_filesz;
        const std::uint64_t alignment = segment.p_align == 8 ? 8 : 4;
        std::uint64_t at = segment.p_offset;
        while (at < end) {
            Note note{};
            if (end - at < sizeof note.header)
                return bad_note(at, "the rest of the segment", end - at, "a note header, at least",
                                sizeof note.header);
            std::memcpy(&note.header, head_.data() + at, sizeof note.header);
            note.offset = at;
            note.name = at + sizeof note.header;
            if (note.header.n_namesz > end - note.name)
                return bad_note(at, "n_namesz", note.header.n_namesz, "at most the rest of the segment",
                                end - note.name);
            note.description = align(note.name + note.header.n_namesz, segment.p_offset, alignment);
            if (note.description > end || note.header.n_descsz > end - note.description)
                return bad_note(at + 4, "n_descsz", note.header.n_descsz, "at most the rest of the segment",
                                note.description > end ? 0 : end - note.description);
            if (is_manifest(head_, note)) TRY(take(note));
            at = align(note.description + note.header.n_descsz, segment.p_offset, alignment);
        }
        return {};
    }

    bool found() const { return found_; }

  private:
    Outcome take(const Note& note) {
        if (found_)
            return bad_note(note.offset, "n_type", note.header.n_type, "one Holm manifest in an image");
        found_ = true;
        return read_manifest(head_, note, plan_);
    }

    static std::uint64_t align(std::uint64_t offset, std::uint64_t origin, std::uint64_t alignment) {
        return origin + ((offset - origin + alignment - 1) & ~(alignment - 1));
    }

    Bytes head_;
    LoadPlan& plan_;
    bool found_ = false;
};

}  // namespace

Outcome parse_manifest_notes(Bytes head, const elf::FileHeader& header, LoadPlan& plan) {
    NoteReader reader(head, plan);
    for (std::size_t i = 0; i < header.e_phnum; i++) {
        elf::ProgramHeader segment;
        std::memcpy(&segment, head.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == elf::kSegmentNote) TRY(reader.read_segment(segment));
    }
    if (!reader.found())
        return std::unexpected(
            LoadError{"ELF header", LoadError::kNoIndex, offsetof(elf::FileHeader, e_phnum),
                      "the number of Holm manifest notes in the first 8 KiB", 0, "1; this is no Holm image"});
    return {};
}

}  // namespace holm::tender

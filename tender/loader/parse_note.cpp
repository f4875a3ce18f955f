#include "tender/loader/parse_note.h"

#include <cstddef>
#include <cstring>

#include "abi/manifest_check.h"
#include "base/result.h"
#include "tender/loader/notes.h"

namespace holm::tender {
namespace {

using Outcome = std::expected<void, LoadError>;

// `upcall` is relative to its own field, so that the linker needs no relocation for it: the field's link
// address is needed, and the note therefore has to lie inside a segment.
Outcome find_upcall(std::uint64_t field_offset, LoadPlan& plan) {
    const auto field_address = plan.address_of_file(field_offset);
    if (!field_address)
        return std::unexpected(LoadError{"note", LoadError::kNoIndex, field_offset, "the manifest's place",
                                         field_offset, "one inside a PT_LOAD"});
    plan.upcall = *field_address + static_cast<std::uint64_t>(std::int64_t{plan.manifest.upcall});
    const Segment* target = plan.segment_of(plan.upcall, 1);
    if (target == nullptr || !(target->flags & elf::kExecute))
        return std::unexpected(LoadError{"manifest", LoadError::kNoIndex, field_offset, "upcall",
                                         static_cast<std::uint32_t>(plan.manifest.upcall),
                                         "the distance to a place inside an executable PT_LOAD"});
    return {};
}

Outcome read_manifest(const Note& note, LoadPlan& plan) {
    const Bytes description = note.description;
    holm_manifest_problem problem{};
    if (!holm_manifest_check(description.data(), description.size(), &problem))
        return std::unexpected(LoadError{"manifest", LoadError::kNoIndex,
                                         note.description_offset + problem.offset, problem.field,
                                         problem.found, problem.allowed});
    std::memcpy(&plan.manifest, description.data(), sizeof plan.manifest);
    std::memcpy(plan.device_storage.data(), description.data() + sizeof plan.manifest,
                description.size() - sizeof plan.manifest);
    return find_upcall(note.description_offset + offsetof(holm_manifest, upcall), plan);
}

}  // namespace

Outcome parse_manifest_notes(Bytes head, const elf::FileHeader& header, LoadPlan& plan) {
    // Note segments beyond the head are not ours to read: the build puts the manifest right after the
    // headers.
    NoteWalker notes(head, header.e_phoff, header.e_phnum);
    bool found = false;
    for (Note note;;) {
        const auto step = notes.next(note);
        if (!step) return std::unexpected(step.error());
        if (!*step) break;
        if (!note.is(HOLM_NOTE_NAME, HOLM_NOTE_TYPE_MANIFEST)) continue;
        if (found)
            return std::unexpected(LoadError{"note", LoadError::kNoIndex, note.offset, "n_type", note.type,
                                             "one Holm manifest in an image"});
        found = true;
        TRY(read_manifest(note, plan));
    }
    if (!found)
        return std::unexpected(
            LoadError{"ELF header", LoadError::kNoIndex, offsetof(elf::FileHeader, e_phnum),
                      "the number of Holm manifest notes in the first 8 KiB", 0, "1; this is no Holm image"});
    return {};
}

bool carries_manifest(Bytes head) {
    constexpr std::size_t kAlignment = 4;
    for (std::size_t at = 0; at + sizeof(elf::NoteHeader) + sizeof HOLM_NOTE_NAME <= head.size();
         at += kAlignment) {
        elf::NoteHeader header;
        std::memcpy(&header, head.data() + at, sizeof header);
        if (header.n_type == HOLM_NOTE_TYPE_MANIFEST && header.n_namesz == sizeof HOLM_NOTE_NAME &&
            std::memcmp(head.data() + at + sizeof header, HOLM_NOTE_NAME, sizeof HOLM_NOTE_NAME) == 0)
            return true;
    }
    return false;
}

}  // namespace holm::tender

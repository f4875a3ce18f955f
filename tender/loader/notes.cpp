#include "tender/loader/notes.h"

#include <cstring>

namespace holm::tender {
namespace {

std::unexpected<LoadError> bad_note(std::uint64_t offset, const char* field, std::uint64_t found,
                                    const char* allowed, std::uint64_t bound) {
    return std::unexpected(LoadError{"note", LoadError::kNoIndex, offset, field, found, allowed, bound});
}

}  // namespace

bool Note::is(const char* owner, std::uint32_t wanted) const {
    const std::size_t size = std::strlen(owner) + 1;
    return type == wanted && name.size() == size && std::memcmp(name.data(), owner, size) == 0;
}

std::expected<bool, LoadError> NoteWalker::next(Note& note) {
    while (at_ >= end_)
        if (!enter_next_segment()) return false;
    if (const auto read_one = read(note); !read_one) {
        at_ = end_;
        return std::unexpected(read_one.error());
    }
    return true;
}

bool NoteWalker::enter_next_segment() {
    while (entered_ < count_) {
        elf::ProgramHeader segment;
        std::memcpy(&segment, file_.data() + table_ + entered_++ * sizeof segment, sizeof segment);
        if (segment.p_type != elf::kSegmentNote || segment.p_filesz > file_.size() ||
            segment.p_offset > file_.size() - segment.p_filesz)
            continue;
        start_ = at_ = segment.p_offset;
        end_ = segment.p_offset + segment.p_filesz;
        alignment_ = segment.p_align == 8 ? 8 : 4;
        return true;
    }
    return false;
}

std::expected<void, LoadError> NoteWalker::read(Note& note) {
    elf::NoteHeader header;
    if (end_ - at_ < sizeof header)
        return bad_note(at_, "the rest of the segment", end_ - at_, "a note header, at least", sizeof header);
    std::memcpy(&header, file_.data() + at_, sizeof header);
    const std::uint64_t name = at_ + sizeof header;
    if (header.n_namesz > end_ - name)
        return bad_note(at_, "n_namesz", header.n_namesz, "at most the rest of the segment", end_ - name);
    const std::uint64_t description = align(name + header.n_namesz);
    if (description > end_ || header.n_descsz > end_ - description)
        return bad_note(at_ + 4, "n_descsz", header.n_descsz, "at most the rest of the segment",
                        description > end_ ? 0 : end_ - description);
    note = {.offset = at_,
            .type = header.n_type,
            .name = file_.subspan(name, header.n_namesz),
            .description = file_.subspan(description, header.n_descsz),
            .description_offset = description};
    at_ = align(description + header.n_descsz);
    return {};
}

}  // namespace holm::tender

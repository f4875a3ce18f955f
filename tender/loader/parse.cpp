#include "tender/loader/parse.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"
#include "tender/loader/parse_note.h"

namespace holm::tender {
namespace {

using elf::FileHeader;
using elf::ProgramHeader;

#define HOLM_HEADER_FIELD(name) offsetof(FileHeader, name), #name
#define HOLM_PROGRAM_FIELD(name) offsetof(ProgramHeader, name), #name

class Parser {
  public:
    Parser(Bytes head, std::uint64_t file_size, LoadPlan& plan)
        : head_(head), file_size_(file_size), plan_(plan) {}

    std::expected<void, LoadError> run() {
        TRY(read_file_header());
        for (index_ = 0; index_ < header_.e_phnum; index_++) TRY(read_segment(program_header()));
        if (plan_.segment_count == 0)
            return bad_header(HOLM_HEADER_FIELD(e_phnum), header_.e_phnum,
                              "a table with at least one PT_LOAD");
        plan_.link_base = plan_.segment_storage[0].address;
        for (index_ = 0; index_ < header_.e_phnum; index_++) TRY(read_annotation(program_header()));
        TRY(check_entry());
        TRY(locate_program_headers());
        return parse_manifest_notes(head_, header_, plan_);
    }

  private:
    using Outcome = std::expected<void, LoadError>;

    static Outcome bad_header(std::uint64_t offset, const char* field, std::uint64_t found,
                              const char* allowed, std::uint64_t bound = LoadError::kNoBound) {
        return std::unexpected(
            LoadError{"ELF header", LoadError::kNoIndex, offset, field, found, allowed, bound});
    }

    Outcome bad_program(std::uint64_t offset, const char* field, std::uint64_t found, const char* allowed,
                        std::uint64_t bound = LoadError::kNoBound) const {
        return std::unexpected(LoadError{"program header", static_cast<std::int32_t>(index_),
                                         header_.e_phoff + index_ * sizeof(ProgramHeader) + offset, field,
                                         found, allowed, bound});
    }

    Outcome read_file_header() {
        if (file_size_ < sizeof header_ || head_.size() < sizeof header_)
            return bad_header(0, "the file's size", file_size_, "an ELF file, at least", sizeof header_);
        std::memcpy(&header_, head_.data(), sizeof header_);

        std::uint32_t magic = 0;
        std::memcpy(&magic, header_.e_ident, sizeof magic);
        if (magic != 0x464c457f) return bad_header(0, "the magic", magic, "0x464c457f, an ELF file");
        if (header_.e_ident[4] != 2) return bad_header(4, "EI_CLASS", header_.e_ident[4], "2, 64 bits");
        if (header_.e_ident[5] != 1) return bad_header(5, "EI_DATA", header_.e_ident[5], "1, little-endian");
        if (header_.e_ident[6] != 1) return bad_header(6, "EI_VERSION", header_.e_ident[6], "1");
        if (header_.e_type != elf::kTypeDynamic)
            return bad_header(HOLM_HEADER_FIELD(e_type), header_.e_type, "3 (ET_DYN), a static PIE");
        if (header_.e_machine != elf::kMachineX86_64)
            return bad_header(HOLM_HEADER_FIELD(e_machine), header_.e_machine, "0x3e, x86-64");
        if (header_.e_version != 1) return bad_header(HOLM_HEADER_FIELD(e_version), header_.e_version, "1");
        if (header_.e_phentsize != sizeof(ProgramHeader))
            return bad_header(HOLM_HEADER_FIELD(e_phentsize), header_.e_phentsize, "0x38");
        if (header_.e_phnum == 0 || header_.e_phnum > kMaxProgramHeaders)
            return bad_header(HOLM_HEADER_FIELD(e_phnum), header_.e_phnum, "1 to 0x20");
        if (header_.e_phoff % 8 != 0)
            return bad_header(HOLM_HEADER_FIELD(e_phoff), header_.e_phoff, "a multiple of 8");
        const std::uint64_t table_size = header_.e_phnum * sizeof(ProgramHeader);
        if (table_size > head_.size() || header_.e_phoff > head_.size() - table_size)
            return bad_header(HOLM_HEADER_FIELD(e_phoff), header_.e_phoff,
                              "a table that ends within the file and its first 8 KiB", head_.size());
        return {};
    }

    ProgramHeader program_header() const {
        ProgramHeader header;
        std::memcpy(&header, head_.data() + header_.e_phoff + index_ * sizeof header, sizeof header);
        return header;
    }

    Outcome read_segment(const ProgramHeader& header) {
        if (header.p_type != elf::kSegmentLoad) return {};
        if (plan_.segment_count == kMaxSegments)
            return bad_program(HOLM_PROGRAM_FIELD(p_type), header.p_type,
                               "at most 16 headers of type PT_LOAD");
        TRY(check_file_range(header));
        if (header.p_flags & ~(elf::kRead | elf::kWrite | elf::kExecute) || !(header.p_flags & elf::kRead))
            return bad_program(HOLM_PROGRAM_FIELD(p_flags), header.p_flags, "4 (R), 5 (RX) or 6 (RW)");
        if (header.p_flags & elf::kWrite && header.p_flags & elf::kExecute)
            return bad_program(HOLM_PROGRAM_FIELD(p_flags), header.p_flags, "never writable and executable");
        if (header.p_offset % elf::kPageSize != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_offset), header.p_offset,
                               "a multiple of the page size 0x1000");
        if (header.p_vaddr % elf::kPageSize != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr,
                               "a multiple of the page size 0x1000");
        if (header.p_align > elf::kPageSize || (header.p_align & (header.p_align - 1)) != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_align), header.p_align, "a power of two, at most 0x1000");
        if (header.p_vaddr > kMaxLinkAddress)
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr, "at most", kMaxLinkAddress);
        if (header.p_memsz == 0 || header.p_memsz > kMaxImageSpan)
            return bad_program(HOLM_PROGRAM_FIELD(p_memsz), header.p_memsz, "1 to", kMaxImageSpan);
        if (header.p_filesz > header.p_memsz)
            return bad_program(HOLM_PROGRAM_FIELD(p_filesz), header.p_filesz, "at most p_memsz",
                               header.p_memsz);
        if (!(header.p_flags & elf::kWrite) && header.p_memsz != header.p_filesz)
            return bad_program(HOLM_PROGRAM_FIELD(p_memsz), header.p_memsz,
                               "p_filesz, for this segment is not writable", header.p_filesz);
        return add_segment(header);
    }

    Outcome add_segment(const ProgramHeader& header) {
        if (plan_.segment_count != 0) {
            const std::uint64_t free_from = page_up(plan_.segment_storage[plan_.segment_count - 1].end());
            if (header.p_vaddr < free_from)
                return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr,
                                   "at least the end of the segment before it", free_from);
        }
        const std::uint64_t base =
            plan_.segment_count == 0 ? header.p_vaddr : plan_.segment_storage[0].address;
        const std::uint64_t span = page_up(header.p_vaddr - base + header.p_memsz);
        if (span > kMaxImageSpan)
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr,
                               "an end that makes the image no larger than", kMaxImageSpan);
        plan_.segment_storage[plan_.segment_count++] = {header.p_offset, header.p_vaddr, header.p_filesz,
                                                        header.p_memsz, header.p_flags};
        plan_.span = span;
        return {};
    }

    Outcome check_file_range(const ProgramHeader& header) const {
        if (header.p_offset > file_size_)
            return bad_program(HOLM_PROGRAM_FIELD(p_offset), header.p_offset, "at most the size of the file",
                               file_size_);
        if (header.p_filesz > file_size_ - header.p_offset)
            return bad_program(HOLM_PROGRAM_FIELD(p_filesz), header.p_filesz, "at most the rest of the file",
                               file_size_ - header.p_offset);
        return {};
    }

    // The headers that say something about the segments. PT_NOTE has a file of its own.
    Outcome read_annotation(const ProgramHeader& header) {
        switch (header.p_type) {
            case elf::kSegmentDynamic:
                return read_dynamic(header);
            case elf::kSegmentGnuRelro:
                return read_relro(header);
            case elf::kSegmentTls:
                return check_tls(header);
            case elf::kSegmentGnuStack:
                if (header.p_flags & elf::kExecute)
                    return bad_program(HOLM_PROGRAM_FIELD(p_flags), header.p_flags,
                                       "a stack that is not executable");
                return {};
            default:
                return {};
        }
    }

    Outcome read_dynamic(const ProgramHeader& header) {
        if (plan_.dynamic.size != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_type), header.p_type, "one header of type PT_DYNAMIC");
        if (header.p_vaddr % 8 != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr, "a multiple of 8");
        const Segment* segment = plan_.segment_of(header.p_vaddr, header.p_filesz);
        if (segment == nullptr || !(segment->flags & elf::kWrite) ||
            !segment->holds_from_file(header.p_vaddr, header.p_filesz))
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr,
                               "a place inside the file's part of a writable PT_LOAD");
        plan_.dynamic = {header.p_vaddr, header.p_filesz};
        plan_.dynamic_file_offset = segment->file_offset + (header.p_vaddr - segment->address);
        return {};
    }

    Outcome read_relro(const ProgramHeader& header) {
        if (plan_.relro.size != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_type), header.p_type, "one header of type PT_GNU_RELRO");
        if (header.p_vaddr % elf::kPageSize != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr,
                               "a multiple of the page size 0x1000");
        const Segment* segment = nullptr;
        for (const Segment& candidate : plan_.segments())
            if (header.p_vaddr >= candidate.address && header.p_vaddr < candidate.end()) segment = &candidate;
        if (segment == nullptr || !(segment->flags & elf::kWrite))
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr,
                               "a place inside a writable PT_LOAD");
        // The linker pads RELRO to the end of a page: the padding may go past p_memsz of the segment.
        const std::uint64_t room = page_up(segment->end()) - header.p_vaddr;
        if (header.p_memsz == 0 || header.p_memsz > room)
            return bad_program(HOLM_PROGRAM_FIELD(p_memsz), header.p_memsz, "1 to the end of its segment",
                               room);
        if (page_up(header.p_memsz) != room && header.p_memsz % elf::kPageSize != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_memsz), header.p_memsz,
                               "whole pages, for writable data follows in the same segment");
        plan_.relro = {header.p_vaddr, page_up(header.p_memsz)};
        return {};
    }

    Outcome check_tls(const ProgramHeader& header) const {
        if (header.p_filesz > header.p_memsz)
            return bad_program(HOLM_PROGRAM_FIELD(p_filesz), header.p_filesz, "at most p_memsz",
                               header.p_memsz);
        if (header.p_memsz > kMaxImageSpan)
            return bad_program(HOLM_PROGRAM_FIELD(p_memsz), header.p_memsz, "at most", kMaxImageSpan);
        if (header.p_align > elf::kPageSize || (header.p_align & (header.p_align - 1)) != 0)
            return bad_program(HOLM_PROGRAM_FIELD(p_align), header.p_align, "a power of two, at most 0x1000");
        // An empty .tdata has an address, but no bytes that would have to lie anywhere.
        if (header.p_filesz != 0 && plan_.segment_of(header.p_vaddr, header.p_filesz) == nullptr)
            return bad_program(HOLM_PROGRAM_FIELD(p_vaddr), header.p_vaddr, "a place inside a PT_LOAD");
        return {};
    }

    Outcome check_entry() {
        const Segment* segment = plan_.segment_of(header_.e_entry, 1);
        if (segment == nullptr || !(segment->flags & elf::kExecute))
            return bad_header(HOLM_HEADER_FIELD(e_entry), header_.e_entry,
                              "a place inside an executable PT_LOAD");
        plan_.entry = header_.e_entry;
        return {};
    }

    // The guest finds its TLS block and its unwind tables through its own program headers: they must be
    // mapped.
    Outcome locate_program_headers() {
        const std::uint64_t size = header_.e_phnum * sizeof(ProgramHeader);
        for (const Segment& segment : plan_.segments()) {
            if (header_.e_phoff < segment.file_offset) continue;
            const std::uint64_t inside = header_.e_phoff - segment.file_offset;
            if (inside > segment.file_size || size > segment.file_size - inside) continue;
            plan_.program_headers = segment.address + inside;
            plan_.program_header_count = header_.e_phnum;
            return {};
        }
        return bad_header(HOLM_HEADER_FIELD(e_phoff), header_.e_phoff, "a table that lies inside a PT_LOAD");
    }

    Bytes head_;
    std::uint64_t file_size_;
    LoadPlan& plan_;
    FileHeader header_{};
    std::size_t index_ = 0;  // of the program header being read
};

}  // namespace

std::expected<void, LoadError> parse_image(Bytes head, std::uint64_t file_size, LoadPlan& plan) {
    return Parser(head, file_size, plan).run();
}

}  // namespace holm::tender

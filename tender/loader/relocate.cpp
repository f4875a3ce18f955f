#include "tender/loader/relocate.h"

#include <cstring>

#include "base/result.h"

namespace holm::tender {
namespace {

using Outcome = std::expected<void, LoadError>;

struct Table {
    AddressRange range;
    std::uint64_t entry_size = 0;
    std::uint64_t file_offset = 0;
};

class Relocator {
  public:
    Relocator(const LoadPlan& plan, MutableBytes image, std::uint64_t base)
        : plan_(plan), image_(image), bias_(base - plan.link_base) {}

    Outcome run() {
        TRY(read_dynamic());
        TRY(check_table(rela_, "RELA table", sizeof(elf::Rela)));
        TRY(check_table(relr_, "RELR table", sizeof(std::uint64_t)));
        TRY(apply_rela());
        return apply_relr();
    }

  private:
    // One read of one word, whatever the compiler would like: the page may belong to a file that someone
    // writes to.
    std::uint64_t load(std::uint64_t address) const {
        return __atomic_load_n(
            reinterpret_cast<const std::uint64_t*>(image_.data() + (address - plan_.link_base)),
            __ATOMIC_RELAXED);
    }

    Outcome read_dynamic() {
        const std::uint64_t count = plan_.dynamic.size / sizeof(elf::DynamicEntry);
        for (std::uint64_t i = 0; i < count; i++) {
            const std::uint64_t address = plan_.dynamic.start + i * sizeof(elf::DynamicEntry);
            const std::uint64_t tag = load(address);
            const std::uint64_t value = load(address + 8);
            const std::uint64_t offset = plan_.dynamic_file_offset + i * sizeof(elf::DynamicEntry);
            switch (tag) {
                case elf::kDynamicEnd:
                    return {};
                case elf::kDynamicRela:
                    rela_.range.start = value;
                    break;
                case elf::kDynamicRelaSize:
                    rela_.range.size = value;
                    break;
                case elf::kDynamicRelaEntrySize:
                    rela_.entry_size = value;
                    break;
                case elf::kDynamicRelr:
                    relr_.range.start = value;
                    break;
                case elf::kDynamicRelrSize:
                    relr_.range.size = value;
                    break;
                case elf::kDynamicRelrEntrySize:
                    relr_.entry_size = value;
                    break;
                case elf::kDynamicNeeded:
                case elf::kDynamicPltRelocationsSize:
                case elf::kDynamicRel:
                case elf::kDynamicTextRelocations:
                    return std::unexpected(
                        LoadError{"dynamic section entry", static_cast<std::int32_t>(i), offset, "d_tag", tag,
                                  "a static image: no DT_NEEDED, DT_PLTRELSZ, DT_REL, DT_TEXTREL"});
                default:
                    break;
            }
        }
        return {};
    }

    Outcome check_table(Table& table, const char* place, std::uint64_t entry_size) const {
        if (table.range.size == 0) return {};
        const auto bad = [&](const char* field, std::uint64_t found, const char* allowed) {
            return std::unexpected(
                LoadError{place, LoadError::kNoIndex, plan_.dynamic_file_offset, field, found, allowed});
        };
        if (table.entry_size != entry_size)
            return bad("its entry size", table.entry_size, "0x18 for RELA, 8 for RELR");
        if (table.range.start % 8 != 0) return bad("its address", table.range.start, "a multiple of 8");
        if (table.range.size % entry_size != 0) return bad("its size", table.range.size, "whole entries");
        for (const Segment& segment : plan_.segments()) {
            if (!segment.holds_from_file(table.range.start, table.range.size)) continue;
            // A table in writable memory could be changed by the very relocations it describes.
            if (segment.flags & elf::kWrite) break;
            table.file_offset = segment.file_offset + (table.range.start - segment.address);
            return {};
        }
        return bad("its address", table.range.start,
                   "a place, with all its size, inside a PT_LOAD that is not writable");
    }

    // The word at a link address, when it lies in a writable segment. Neighbours mostly share their segment.
    std::byte* target(std::uint64_t address) {
        if (recent_ == nullptr || !recent_->holds(address, sizeof(std::uint64_t))) {
            recent_ = plan_.segment_of(address, sizeof(std::uint64_t));
            if (recent_ == nullptr || !(recent_->flags & elf::kWrite)) {
                recent_ = nullptr;
                return nullptr;
            }
        }
        return image_.data() + (address - plan_.link_base);
    }

    Outcome bad_entry(const Table& table, const char* place, std::uint64_t index, const char* field,
                      std::uint64_t found, const char* allowed) const {
        return std::unexpected(LoadError{place, static_cast<std::int32_t>(index),
                                         table.file_offset + index * table.entry_size, field, found,
                                         allowed});
    }

    Outcome apply_rela() {
        for (std::uint64_t i = 0; i < rela_.range.size / sizeof(elf::Rela); i++) {
            const std::uint64_t entry = rela_.range.start + i * sizeof(elf::Rela);
            const std::uint64_t address = load(entry);
            const std::uint64_t info = load(entry + 8);
            const std::uint64_t value = load(entry + 16) + bias_;
            if (info == elf::kRelocationNone) continue;
            if (info != elf::kRelocationRelative)
                return bad_entry(rela_, "RELA entry", i, "r_info", info, "8 (R_X86_64_RELATIVE, no symbol)");
            std::byte* word = target(address);
            if (word == nullptr)
                return bad_entry(rela_, "RELA entry", i, "r_offset", address,
                                 "a word inside a writable PT_LOAD");
            std::memcpy(word, &value, sizeof value);
        }
        return {};
    }

    // RELR: an even entry is the address of a word; an odd one is a bit set of which of the next 63 words
    // follow.
    Outcome apply_relr() {
        std::uint64_t next = 0;
        for (std::uint64_t i = 0; i < relr_.range.size / sizeof(std::uint64_t); i++) {
            const std::uint64_t entry = load(relr_.range.start + i * sizeof(std::uint64_t));
            if ((entry & 1) == 0) {
                if (!add_bias(entry)) return bad_relr(i, entry);
                next = entry + sizeof(std::uint64_t);
                continue;
            }
            std::uint64_t address = next;
            for (std::uint64_t bits = entry >> 1; bits != 0; bits >>= 1, address += sizeof(std::uint64_t))
                if ((bits & 1) != 0 && !add_bias(address)) return bad_relr(i, address);
            next += 63 * sizeof(std::uint64_t);
        }
        return {};
    }

    bool add_bias(std::uint64_t address) {
        std::byte* word = target(address);
        if (word == nullptr) return false;
        std::uint64_t value = 0;
        std::memcpy(&value, word, sizeof value);
        value += bias_;
        std::memcpy(word, &value, sizeof value);
        return true;
    }

    Outcome bad_relr(std::uint64_t index, std::uint64_t address) const {
        return bad_entry(relr_, "RELR entry", index, "the address it means", address,
                         "a word inside a writable PT_LOAD");
    }

    const LoadPlan& plan_;
    MutableBytes image_;
    std::uint64_t bias_;
    Table rela_;
    Table relr_;
    const Segment* recent_ = nullptr;
};

}  // namespace

std::expected<void, LoadError> relocate_image(const LoadPlan& plan, MutableBytes image, std::uint64_t base) {
    if (plan.dynamic.size == 0) return {};
    return Relocator(plan, image, base).run();
}

}  // namespace holm::tender

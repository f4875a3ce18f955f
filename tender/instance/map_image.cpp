#include "tender/instance/map_image.h"

#include <cstring>

#include <errno.h>
#include <sys/mman.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

void* pointer(std::uint64_t address) {
    return reinterpret_cast<void*>(address);
}

int protection_of(const Segment& segment) {
    return (segment.flags & elf::kRead ? PROT_READ : 0) | (segment.flags & elf::kWrite ? PROT_WRITE : 0) |
           (segment.flags & elf::kExecute ? PROT_EXEC : 0);
}

class Mapper {
  public:
    Mapper(int image, const MapMode& mode) : image_(image), mode_(mode) {}

    // Addresses are the guest's.
    bool segment(const Segment& segment, std::uint64_t address) const {
        const int protection = protection_of(segment);
        if (segment.file_size != 0 && !map(address, segment.file_size, protection, 0, image_,
                                           segment.file_offset, "a segment of the image"))
            return false;
        const std::uint64_t from_file = page_up(segment.file_size);
        if (segment.memory_size <= segment.file_size) return true;
        // The last page of the file's part holds whatever follows in the file.
        std::memset(pointer(address + segment.file_size + mode_.offset), 0,
                    (from_file < segment.memory_size ? from_file : segment.memory_size) - segment.file_size);
        return from_file >= segment.memory_size ||
               map(address + from_file, segment.memory_size - from_file, protection, MAP_ANONYMOUS, -1, 0,
                   "zeroed data of the image");
    }

    bool data(const AddressRange& range, int flags, std::string_view what) const {
        return range.size == 0 ||
               map(range.start, range.size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0, what);
    }

  private:
    bool map(std::uint64_t address, std::uint64_t size, int protection, int flags, int file,
             std::uint64_t offset, std::string_view what) const {
        void* const wanted = pointer(address + mode_.offset);
        void* const got = mmap(wanted, size, protection & mode_.protections,
                               MAP_PRIVATE | mode_.flags | flags, file, static_cast<off_t>(offset));
        if (got == wanted) return true;
        if (got == MAP_FAILED && errno != EEXIST) {
            Sentence why;
            why.text("cannot map ").decimal(size).text(" bytes for ").text(what).text(": ");
            refuse(why.text(strerror(errno)));
        }
        return false;
    }

    int image_;
    const MapMode& mode_;
};

}  // namespace

bool map_instance(int image, const LoadPlan& plan, const Layout& layout, const MapMode& mode) {
    const Mapper mapper(image, mode);
    for (const Segment& segment : plan.segments())
        if (!mapper.segment(segment, layout.base + (segment.address - plan.link_base))) return false;
    return mapper.data(layout.alternate, 0, "the alternate stack") &&
           mapper.data(layout.stack, 0, "the stack") && mapper.data(layout.rings, 0, "the virtqueues") &&
           mapper.data(layout.heap, MAP_NORESERVE, "the heap (--mem)");
}

void protect_relro(const LoadPlan& plan, const Layout& layout, const MapMode& mode) {
    if (plan.relro.size != 0 &&
        mprotect(pointer(layout.base + (plan.relro.start - plan.link_base) + mode.offset), plan.relro.size,
                 PROT_READ) != 0)
        refuse_with_errno("cannot make the image's RELRO segment read-only");
}

}  // namespace holm::tender

#include "tender/vm/core_dump.h"

#include <elf.h>
#include <signal.h>
#include <unistd.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

struct Regions {
    std::array<CoreRegion, kMaxSegments + 4> items;
    std::size_t count = 0;

    void add(std::uint64_t address, std::uint64_t size, std::uint32_t flags) {
        if (size != 0) items[count++] = {address, page_up(size), flags};
    }
    void add(const AddressRange& range) { add(range.start, range.size, PF_R | PF_W); }
};

// The heap's pages that nobody has touched hold nothing; those of the image come from its file.
class UsedMemory final : public CoreSource {
  public:
    UsedMemory(DebuggedMemory& memory, TouchedPages& touched, const AddressRange& heap)
        : memory_(memory), touched_(touched), heap_(heap) {}

    bool read(std::uint64_t address, MutableBytes page) override {
        if (address - heap_.start < heap_.size) {
            const MutableBytes there = memory_.at(address, page.size());
            if (there.empty() || !touched_.has(there.data())) return false;
        }
        return memory_.read(address, page);
    }

  private:
    DebuggedMemory& memory_;
    TouchedPages& touched_;
    const AddressRange& heap_;
};

}  // namespace

int open_core_file_or_refuse(const char* path) {
    const auto file = open_core_file(path);
    if (!file) refuse(file.error());
    signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error to be told, not an end
    return *file;
}

void CoreDump::write(const holm_upcall_frame& frame, const kvm_sregs& special, int signal) {
    CoreThread thread;
    thread.signal = signal;
    copy_registers(frame, special, thread.registers);
    read_extended_state(in_.processor, thread.extended);

    Regions regions;
    const Layout& layout = in_.map.layout;
    for (const Segment& segment : in_.plan.segments())
        regions.add(layout.base + (segment.address - in_.plan.link_base), segment.memory_size, segment.flags);
    regions.add(layout.alternate);
    regions.add(layout.stack);
    regions.add(layout.rings);
    regions.add(layout.heap);
    UsedMemory memory(in_.memory, touched_, layout.heap);
    touched_ = TouchedPages(in_.pagemap);  // nothing of an earlier core
    const auto size = tender::write_core(in_.file,
                                         {.name = in_.name,
                                          .entry = in_.entry,
                                          .threads = {&thread, 1},
                                          .regions = {regions.items.data(), regions.count}},
                                         memory);
    Sentence line;
    line.text(kProgramName);
    if (!size)
        line.text(": the core file ")
            .foreign(in_.path)
            .text(" could not be written: ")
            .text(size.error().view());
    else
        line.text(": core file ")
            .foreign(in_.path)
            .text(", ")
            .decimal(size->written / 1024)
            .text(size->complete ? " KB; holm gdb --core opens it"
                                 : " KB and not all of it: the bound is 8 GiB");
    line.text("\n");
    [[maybe_unused]] const ssize_t written = ::write(2, line.view().data(), line.view().size());
}

}  // namespace holm::tender

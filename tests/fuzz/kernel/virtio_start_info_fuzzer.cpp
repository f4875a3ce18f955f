// A start info at address 0, with its memory map and command line somewhere behind it; then the plan that is
// made of it and the page tables for that.

#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "kernel/platform/virtio/memory_plan.h"
#include "kernel/platform/virtio/page_tables.h"
#include "kernel/platform/virtio/start_info.h"

using namespace holm::platform;

namespace {

class Input final : public PhysicalMemory {
  public:
    explicit Input(holm::Bytes bytes) : bytes_(bytes) {}
    holm::Bytes view(std::uint64_t address, std::uint64_t size) override {
        if (address > bytes_.size() || size > bytes_.size() - address) return {};
        return bytes_.subspan(address, size);
    }

  private:
    holm::Bytes bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input memory(std::as_bytes(std::span(data, size)));
    const auto info = StartInfo::read(memory, 0);
    if (!info) return 0;
    std::uint64_t last = 0;
    for (const MemoryRange& range : info->memory()) {
        if (range.start >= range.end || range.start < last || (range.start | range.end) % 4096 != 0)
            std::abort();
        last = range.end;
    }
    auto plan = MemoryPlan::create(info->memory(), {0x200000, 0x240000});
    if (!plan) return 0;
    (void)plan->take(64 * 1024);
    const MemoryRange heap = plan->heap(4096, 64 * 4096);
    if (heap.size() > 64 * 4096) std::abort();
    std::vector<std::uint64_t> room(32 * 512);
    PageTables tables(std::as_writable_bytes(std::span(room)), 0x1000);
    if (heap.size() != 0 &&
        !tables.map(heap.start & 0xffff'ffff, heap.start, heap.size() / 4096, PageAccess::kReadWrite))
        std::abort();
    return 0;
}

// The boot under stock VMMs: from PVH's start info to the boot info that a tender would have given. All of it
// runs in ring 3, on page tables that map memory one to one and keep nothing from anybody
// (x86_64/pvh_entry.S); it ends with the seal, behind which the page tables are ring 0's.

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <optional>

#include "abi/boot_info.h"
#include "base/text_buffer.h"
#include "kernel/platform/virtio/acpi.h"
#include "kernel/platform/virtio/boot_clock.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/boot_power.h"
#include "kernel/platform/virtio/boot_seed.h"
#include "kernel/platform/virtio/command_line.h"
#include "kernel/platform/virtio/device_window.h"
#include "kernel/platform/virtio/devices.h"
#include "kernel/platform/virtio/memory_plan.h"
#include "kernel/platform/virtio/network_word.h"
#include "kernel/platform/virtio/own_image.h"
#include "kernel/platform/virtio/page_tables.h"
#include "kernel/platform/virtio/start_info.h"
#include "kernel/platform/virtio/virtio_platform.h"
#include "kernel/platform/virtio/x86_64/boot_area.h"
#include "kernel/platform/virtio/x86_64/cpuid.h"
#include "kernel/platform/virtio/x86_64/io_apic.h"
#include "kernel/platform/virtio/x86_64/ports.h"
#include "kernel/platform/virtio/x86_64/processor_state.h"
#include "kernel/platform/virtio/x86_64/ring0.h"

extern "C" {
// Reached from the assembler (x86_64/pvh_entry.S, x86_64/upcall.S).
[[gnu::visibility("hidden")]] alignas(4096) constinit holm::platform::BootArea holm_boot_area{};
// Not initialised: relocation would move it again.
[[gnu::visibility("hidden")]] std::byte* holm_virtio_exceptions = nullptr;
[[gnu::visibility("hidden")]] extern const char holm_virtio_upcall[];
// The manifest's descriptor, in the note that holm-manifest writes.
[[gnu::visibility("hidden")]] extern const holm_manifest holm_image_manifest;
}

namespace holm::platform {

// Only there if the image declares a network device.
[[gnu::weak]] CommandLine::Outcome network_word(CommandLine& line, std::string_view word);

namespace {

constexpr std::uint64_t kPage = PageTables::kPage;
constexpr std::uint64_t kUpcallStack = std::uint64_t{64} * 1024;
constexpr std::uint64_t kBootUpcallStack = std::uint64_t{8} * 1024;  // the low end of the boot's stack
constexpr std::uint64_t kSlot = std::uint64_t{1} << 39;              // what one entry of the top table covers
constexpr std::uint64_t kSlots = 256;                                // in the lower half

// What the boot leaves behind, beside the strings that follow it.
struct BootBlock {
    holm_boot_info info;
    VirtioMachine machine;
    PvClockPages pv_clock;
    Activation activation;
};

constinit char command_line_text[StartInfo::kMaxCommandLine]{};

class Boot {
  public:
    explicit Boot(std::uint64_t start_info)
        : features_(cpuid(1)), memory_(holm_boot_area), devices_(memory_, plan_) {
        info_ = accept(StartInfo::read(memory_, start_info));
        // First of all, so that a boot that fails can switch the machine off.
        acpi_ = read_acpi(memory_, info_.acpi_root());
        reach_power(memory_, acpi_.power);
        if (info_.acpi_root() != 0) put_off_steps(holm_boot_area.ring0, off_steps(acpi_.power));
        image_ = own_image();
        if ((holm_image_manifest.platforms & 1u << HOLM_PLATFORM_VIRTIO) == 0)
            boot_failure("the image was built without the platform \"virtio\" (holm.toml: platforms)");
    }

    [[noreturn]] void run() {
        read_command_line();
        plan_memory();
        add_acpi_devices();
        devices_.find(command_line_);
        make_seed(features_, devices_, block_->info.seed, random_);
        place();
        set_up_interrupts();
        block_->machine.serial = boot_port();
        devices_.set_up(command_line_, *window_, offset_, block_->info, block_->machine);
        map_power(*window_, acpi_.power);
        block_->machine.button_port = set_up_button(acpi_.button);
        set_up_clock(features_, block_->pv_clock, block_->machine, block_->info.clock);
        fill_boot_info();
        build_page_tables();
        enter();
    }

  private:
    template <typename T>
    static T accept(Result<T> result) {
        if (!result) boot_failure(result.error().what);
        if constexpr (!std::is_void_v<T>) return *std::move(result);
    }

    // The address for good of what the boot knows by its physical one.
    std::uint64_t later(std::uint64_t physical) const { return physical + offset_; }
    std::uint64_t later(const void* pointer) const { return later(reinterpret_cast<std::uint64_t>(pointer)); }

    void read_command_line() {
        const std::string_view text = info_.command_line();
        std::ranges::copy(text, command_line_text);
        command_line_size_ = text.size();
    }

    void plan_memory() {
        plan_ = accept(MemoryPlan::create(info_.memory(), {image_.start & -kPage, image_.end}));
        ring0_ = accept(plan_.take(HOLM_RING0_SIZE));
        upcall_stack_ = accept(plan_.take_behind_gap(kUpcallStack));
        stack_ = accept(plan_.take_behind_gap(holm_image_manifest.stack_size));
        // Strings: the command line has room for as many as fit on it, twice, because it has two kinds of
        // them.
        const std::uint64_t strings = 2 * (command_line_size_ + 1) + HOLM_NAME_SIZE;
        const std::uint64_t block = accept(plan_.take(sizeof(BootBlock) + strings));
        if (!memory_.reach(image_.end, plan_.taken() - image_.end))
            boot_failure("memory beyond what can be mapped");
        // The stacks need not be zero, and the block makes itself.
        std::memset(reinterpret_cast<void*>(ring0_), 0, HOLM_RING0_SIZE);
        block_ = ::new (reinterpret_cast<void*>(block)) BootBlock{};
        char* room = reinterpret_cast<char*>(block_ + 1);
        const std::string_view name = holm_image_manifest.name;
        std::ranges::copy(name, room);
        block_->info.arguments = {reinterpret_cast<std::uint64_t>(room),
                                  static_cast<std::uint32_t>(name.size() + 1), 1};
        room += name.size() + 1;
        command_line_.arguments.room = {room, command_line_size_ + 1};
        command_line_.environment.room = {room + command_line_size_ + 1, command_line_size_ + 1};
        const auto parsed = command_line_.parse({command_line_text, command_line_size_}, network_word);
        if (!parsed) boot_failure(parsed.error().what, parsed.error().word);
    }

    // Chooses where everything will be: its physical address and a random distance, so that all of memory
    // fits into what one entry of the top table covers, and no address of the boot is one of later.
    void place() {
        const std::uint64_t window = (plan_.top() + 2 * kSlot / 512 / 512) & -(kSlot / 512 / 512);
        const std::uint64_t needed = window + DeviceWindow::kPages * kPage;
        if (needed > kSlot / 2)
            boot_failure("the machine has memory beyond 256 GiB, which page tables here do not reach");
        const std::uint64_t slot = 1 + random_[0] % (kSlots - 1);
        offset_ = slot * kSlot + random_[1] % ((kSlot - needed) / kPage) * kPage;
        window_.emplace(later(window));
    }

    void set_up_interrupts() {
        constexpr std::uint32_t kApic = 1 << 9;
        constexpr std::uint32_t kTscDeadline = 1 << 24;
        if ((features_.edx & kApic) == 0) boot_failure("the processor has no local APIC");
        memory_.reach(LocalApic::kPhysical, kPage);
        memory_.reach(IoApic::kPhysical, kPage);
        LocalApic here(LocalApic::kPhysical);
        if (!here.present()) boot_failure("the local APIC does not answer at 0xfee00000");
        block_->machine.tsc_deadline = (features_.ecx & kTscDeadline) != 0;
        here.start(block_->machine.tsc_deadline);
        block_->machine.local_apic = LocalApic(window_->add(LocalApic::kPhysical));
        block_->machine.lines = IoApic(window_->add(IoApic::kPhysical));
    }

    // Where there is no word of virtio-mmio on the command line, there may be in ACPI's tables.
    void add_acpi_devices() {
        if (command_line_.mmio_device_count != 0) return;
        command_line_.mmio_devices = acpi_.mmio_devices;
        command_line_.mmio_device_count = acpi_.mmio_device_count;
    }

    void fill_boot_info() {
        holm_boot_info& info = block_->info;
        info.magic = HOLM_BOOT_MAGIC;
        info.version = HOLM_BOOT_VERSION;
        info.size = sizeof info;
        info.platform = HOLM_PLATFORM_VIRTIO;
        info.flags = command_line_.quiet ? HOLM_BOOT_QUIET : 0;
        info.image_base = later(image_.start);
        info.image_link_base = image_.start;
        info.image_size = image_.end - image_.start;
        info.program_headers = later(image_.program_headers);
        info.program_header_count = image_.program_header_count;
        info.stop_grace_ms = command_line_.grace_ms;
        info.stack_low = later(stack_);
        info.stack_size = holm_image_manifest.stack_size;
        info.vm.bus_offset = offset_;
        info.arguments.start = later(info.arguments.start);
        info.arguments.size += command_line_.arguments.size;
        info.arguments.count += command_line_.arguments.count;
        info.environment = {later(command_line_.environment.room.data()), command_line_.environment.size,
                            command_line_.environment.count};
        info.console_handle = -1;
        VirtioMachine& machine = block_->machine;
        machine.exceptions = reinterpret_cast<std::byte*>(later(ring0_ + HOLM_RING0_EXCEPTION_PAGE));
        if (machine.pv_clock) machine.pv_clock = reinterpret_cast<PvClock*>(later(&block_->pv_clock.time));
    }

    void build_page_tables() {
        const std::uint64_t low_pages = (plan_.taken() - image_.start) / kPage;
        const auto bytes_with = [&](const MemoryRange& heap) {
            return PageTables::bytes_for(low_pages + heap.size() / kPage / 512 + 64) +
                   PageTables::bytes_for(heap.size() / kPage) + PageTables::bytes_for(DeviceWindow::kPages);
        };
        const std::uint64_t size = bytes_with(plan_.heap(0, command_line_.memory));
        const std::uint64_t start = accept(plan_.take(size));
        const MemoryRange heap = plan_.heap(0, command_line_.memory);
        if (heap.size() < holm_image_manifest.memory_minimum || heap.size() < command_line_.memory) {
            TextBuffer<160> sentence;
            sentence << "the machine has " << heap.size() / 1024 << " KiB left for the heap; "
                     << std::max(command_line_.memory, holm_image_manifest.memory_minimum) / 1024
                     << " KiB are needed";
            boot_failure(sentence.text());
        }
        block_->info.heap_start = later(heap.start);
        block_->info.heap_size = heap.size();
        clear_after_firmware(heap);

        std::byte* room = memory_.reach(start, size);
        if (!room) boot_failure("memory beyond what can be mapped");
        PageTables tables({room, size}, start);
        const auto map = [&](std::uint64_t from, std::uint64_t bytes, PageAccess access) {
            accept(tables.map(later(from), from, (bytes + kPage - 1) / kPage, access));
        };
        accept(map_own_image(tables, offset_));
        map(ring0_, HOLM_RING0_TABLES, PageAccess::kRing0ReadExecute);
        map(ring0_ + HOLM_RING0_TABLES, HOLM_RING0_EXCEPTION_PAGE - HOLM_RING0_TABLES,
            PageAccess::kRing0ReadWrite);
        map(ring0_ + HOLM_RING0_EXCEPTION_PAGE, kPage, PageAccess::kReadWrite);
        map(upcall_stack_, kUpcallStack, PageAccess::kReadWrite);
        map(stack_, start - stack_, PageAccess::kReadWrite);
        map(start, size, PageAccess::kRing0ReadWrite);
        map(heap.start, heap.size(), PageAccess::kReadWrite);
        accept(window_->map(tables));
        table_root_ = tables.root();
    }

    // The heap has to be zero, and so is memory that nobody has used. A PC's firmware works at the end of
    // what lies below 4 GiB, and gives that back as it is.
    void clear_after_firmware(const MemoryRange& heap) {
        constexpr std::uint64_t kFirmware = std::uint64_t{2} << 20;
        constexpr std::uint64_t kHighest = std::uint64_t{4} << 30;
        if (heap.start >= kHighest || !devices_.has_pci()) return;
        for (const MemoryRange& piece : info_.memory()) {
            if (heap.start < piece.start || heap.end > piece.end) continue;
            const std::uint64_t start = std::max(heap.start, piece.end - std::min(piece.end, kFirmware));
            if (start >= heap.end) return;
            std::byte* memory = memory_.reach(start, heap.end - start);
            if (!memory) boot_failure("memory beyond what can be mapped");
            std::memset(memory, 0, heap.end - start);
        }
    }

    [[noreturn]] void enter() {
        // What the library OS reads and writes while it runs.
        const std::array ports{
            boot_port().ports(),
            PortRange{block_->machine.button_port,
                      static_cast<std::uint16_t>(block_->machine.button_port == 0 ? 0 : 2)}};
        build_ring0(reinterpret_cast<std::byte*>(ring0_), later(ring0_),
                    {.upcall_entry = later(holm_virtio_upcall),
                     .upcall_stack = later(upcall_stack_ + kUpcallStack),
                     .heap_start = block_->info.heap_start,
                     .heap_size = block_->info.heap_size,
                     .bus_offset = offset_,
                     .ports = ports});
        put_off_steps(reinterpret_cast<std::byte*>(ring0_), off_steps(acpi_.power));
        // Ring 0's last step of the boot runs where it will be, which these tables do not have yet.
        const auto* top = reinterpret_cast<const std::uint64_t*>(table_root_);
        memory_.adopt(offset_, top[offset_ / kSlot]);
        redirect_services(holm_boot_area.ring0, later(ring0_));

        Activation& last = block_->activation;
        const ProcessorState processor = processor_state(features_);
        last.cr4 = processor.cr4;
        last.xcr0 = processor.xcr0;
        last.cr3 = table_root_;
        last.gdt = ring0_gdt(later(ring0_));
        last.idt = ring0_idt(later(ring0_));
        last.entry = later(image_.entry);
        // As after a call: the entry expects that.
        last.stack = later(stack_ + holm_image_manifest.stack_size) - 8;
        last.argument = later(&block_->info);
        last.page_table_root = later(table_root_);
        const std::uint64_t activation = later(&last);

        holm_virtio_machine = reinterpret_cast<VirtioMachine*>(later(&block_->machine));
        holm_virtio_exceptions = block_->machine.exceptions;
        end_boot();
        accept(relocate_own_image(offset_));
        service_activate(reinterpret_cast<const Activation*>(activation));
    }

    Cpuid features_;
    BootMemory memory_;
    StartInfo info_;
    OwnImage image_;
    MemoryPlan plan_;
    Devices devices_;
    CommandLine command_line_;
    AcpiFacts acpi_{};
    std::size_t command_line_size_ = 0;
    std::uint64_t random_[2]{};
    std::uint64_t offset_ = 0;
    std::optional<DeviceWindow> window_;
    BootBlock* block_ = nullptr;
    std::uint64_t ring0_ = 0, upcall_stack_ = 0, stack_ = 0, table_root_ = 0;
};

alignas(Boot) constinit std::byte boot_room[sizeof(Boot)]{};

}  // namespace

// For choose.cpp.
extern "C" [[gnu::visibility("hidden")]] Platform* holm_start_virtio_platform(const holm_boot_info& boot) {
    return &VirtioPlatform::start(boot);
}

extern "C" [[noreturn, gnu::visibility("hidden"), gnu::used]] void holm_virtio_boot(
    std::uint64_t start_info) {
    // The old interrupt controllers would send theirs to the exceptions' vectors.
    if (in8(0x21) != 0xff) out8(0x21, 0xff);  // the second one's come through the first
    constexpr std::array kAllPorts{PortRange{0, HOLM_RING0_PORTS}};
    const auto area = reinterpret_cast<std::uint64_t>(holm_boot_area.ring0);
    build_ring0(holm_boot_area.ring0, area,
                {.upcall_entry = reinterpret_cast<std::uint64_t>(holm_virtio_upcall),
                 .upcall_stack = reinterpret_cast<std::uint64_t>(holm_boot_area.stack) + kBootUpcallStack,
                 .heap_start = 0,
                 .heap_size = 0,
                 .bus_offset = 0,
                 .ports = kAllPorts});
    put_off_steps(holm_boot_area.ring0, off_steps({}));
    holm_virtio_exceptions = holm_boot_area.ring0 + HOLM_RING0_EXCEPTION_PAGE;
    boot_port().start();
    (::new (boot_room) Boot(start_info))->run();
}

}  // namespace holm::platform

// holm-vm: runs an image as a virtual machine on KVM. The order of the steps is the order of this file's
// main().

#include <algorithm>
#include <array>
#include <new>

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "tender/instance/boot_block.h"
#include "tender/instance/clock.h"
#include "tender/instance/confine.h"
#include "tender/instance/failure.h"
#include "tender/instance/start.h"
#include "tender/loader/relocate.h"
#include "tender/vm/block_server.h"
#include "tender/vm/core_dump.h"
#include "tender/vm/debugger.h"
#include "tender/vm/kvm.h"
#include "tender/vm/machine_memory.h"
#include "tender/vm/net_server.h"
#include "tender/vm/probe.h"
#include "tender/vm/queues.h"
#include "tender/vm/runner.h"
#include "tender/vm/vcpu_calls.h"

namespace holm::tender {
namespace {

constexpr TenderTraits kTraits{
    .program = "holm-vm",
    .does = "Runs a Holm image as a virtual machine on KVM.\n\n",
    .own_usage =
        "  --prefault         have all of the heap in memory before the start, not page by page at first "
        "use\n"
        "  --huge-pages       have the heap in pages of 2 MiB where the host has them\n"
        "  --count-exits      at the end, print how often the guest called its tender to standard error\n"
        "  --gdb SOCKET       let a debugger in at this unix socket; with --stopped, wait for it\n",
    .has_exit_count = true,
    .has_gdb = true,
    .has_backing = true};

// What one start needs from the host's generator, fetched by one call.
struct Randomness {
    std::uint8_t seed[HOLM_SEED_SIZE];
    std::uint64_t base;
};

struct VmStart : Start {
    Randomness random;
    AddressMap map;
    Devices machine_devices;
    alignas(Debugger) std::byte debugger[sizeof(Debugger)];  // it is large
    // Of its NetServer or BlockServer, made when the device is granted: untouched memory costs nothing.
    static constexpr std::size_t kServerSize = std::max(sizeof(NetServer), sizeof(BlockServer));
    static constexpr std::size_t kServerAlignment = std::max(alignof(NetServer), alignof(BlockServer));
    alignas(kServerAlignment) std::byte
        servers[HOLM_MAX_DEVICES][(kServerSize + kServerAlignment - 1) / kServerAlignment * kServerAlignment];
    std::array<BlockServer*, HOLM_MAX_DEVICES> block_servers;  // null: another device
};

AddressMap make_address_map(const VmStart& start) {
    return compute_address_map({.base = random_base(start.random.base),
                                .image_span = start.plan.span,
                                .stack_size = start.plan.manifest.stack_size,
                                .strings_size = size_of_strings(start.name(), start.options),
                                .device_count = start.plan.manifest.device_count,
                                .rings_size = rings_size(start.device_list()),
                                .heap_size = heap_size(start),
                                .heap_alignment = elf::kPageSize});
}

MachineMemory load_image(const VmStart& start, int file) {
    const MachineMemory memory = reserve_memory(start.map);
    const Layout& layout = start.map.layout;
    if (!map_instance(file, start.plan, layout, memory.mode)) refuse("no free place in the address space");
    const auto relocated =
        relocate_image(start.plan, {memory.at(start.map, layout.base), start.plan.span}, layout.base);
    if (!relocated) refuse_image(start, relocated.error());
    protect_relro(start.plan, layout, memory.mode);
    if (start.options.huge_pages) use_huge_pages(memory, start.map);
    if (start.options.prefault) prefault_heap(memory, start.map);
    return memory;
}

holm_boot_info& write_boot_info(const VmStart& start, const MachineMemory& memory) {
    holm_boot_info& info = write_boot_block({.platform = HOLM_PLATFORM_VM,
                                             .plan = start.plan,
                                             .layout = start.map.layout,
                                             .options = start.options,
                                             .name = start.name(),
                                             .devices = start.device_list(),
                                             .seed = start.random.seed,
                                             .offset = memory.mode.offset});
    info.console_handle = -1;
    for (holm_boot_device& device : std::span(info.devices).first(info.device_count)) {
        if (device.transport != HOLM_TRANSPORT_NONE) device.transport = HOLM_TRANSPORT_RING;
        device.handle = -1;  // ours
        if (device.kind == HOLM_DEVICE_BLOCK) describe_block_features(device.block);
    }
    info.vm = {.hypercalls = start.map.hypercalls, .bus_offset = start.map.bus_offset};
    return info;
}

holm_boot_clock make_clock(const Kvm& kvm, const ClockPair& earlier) {
    const std::uint64_t known = tsc_frequency(kvm);
    const ClockPair later = read_clock_pair();
    holm_boot_clock clock = make_boot_clock(earlier, later, read_wall_clock_ns());
    if (known == 0) return clock;
    // What the kernel itself computes with; it corrects its clock by a few parts in a million against NTP.
    constexpr std::uint32_t kCorrection = 20;
    clock.tsc_hz = known;
    if (clock.tsc_error_ppm > kCorrection) clock.tsc_error_ppm = kCorrection;
    return clock;
}

BlockServer& connect_block_device(VmStart& start, std::size_t index, const GuestMemory& guest,
                                  const Kvm& kvm) {
    const holm_boot_device& device = start.devices[index];
    const holm_boot_queue& queue = device.queues[HOLM_QUEUE_BLOCK];
    auto* const server = ::new (start.servers[index]) BlockServer(device, guest.at(queue.ring), guest);
    server->connect_doorbell(kvm.machine, start.map.unbacked() + (queue.notify - start.map.faults));
    start.block_servers[index] = server;
    return *server;
}

void connect_devices(VmStart& start, const GuestMemory& guest, const Kvm& kvm) {
    for (std::size_t i = 0; i < start.device_list().size(); i++) {
        const holm_boot_device& device = start.devices[i];
        if (device.transport == HOLM_TRANSPORT_NONE) continue;
        if (device.kind == HOLM_DEVICE_BLOCK) {
            start.machine_devices.add(i, connect_block_device(start, i, guest, kvm));
            continue;
        }
        const std::array rings{guest.at(device.queues[0].ring), guest.at(device.queues[1].ring)};
        start.machine_devices.add(i, *::new (start.servers[i]) NetServer(device, rings, guest));
    }
}

// Ring 3 may not write there; breakpoints are written from this side.
void open_code(const VmStart& start, const MachineMemory& memory) {
    for (const Segment& segment : start.plan.segments()) {
        const std::uint64_t address = start.map.layout.base + (segment.address - start.plan.link_base);
        if (mprotect(memory.at(start.map, address), page_up(segment.memory_size), PROT_READ | PROT_WRITE) !=
            0)
            refuse_with_errno("cannot make the image writable for the debugger");
    }
}

void keep_only_grants(const VmStart& start, const Kvm& kvm, const DebugDescriptors& debug) {
    std::array<int, 6 + 3 * HOLM_MAX_DEVICES> kept{kConsole, kStandardError, kvm.processor};
    std::size_t count = 3;
    for (const int descriptor : {debug.listener, debug.dump, debug.pagemap})
        if (descriptor >= 0) kept[count++] = descriptor;
    for (const holm_boot_device& device : start.device_list())
        if (device.transport != HOLM_TRANSPORT_NONE) kept[count++] = device.handle;
    for (const BlockServer* const server : start.block_servers) {
        if (server == nullptr) continue;
        kept[count++] = server->handles().doorbell;
        kept[count++] = server->handles().news;
    }
    close_all_but(std::span(kept).first(count));
}

[[noreturn]] void run(std::span<char* const> words) {
    // Constant initialisation: all zero, so it is in .bss.
    static constinit VmStart start{};
    const ClockPair earlier = read_clock_pair();
    prepare_output(kConsole);
    prepare_output(kStandardError);
    read_options(start, words, kTraits);
    require_host_support();
    if (start.options.stopped && start.options.gdb == nullptr)
        refuse("--stopped needs --gdb SOCKET, where to wait for a debugger");
    DebugDescriptors descriptors;
    if (start.options.gdb != nullptr) descriptors.listener = listen_for_debugger(start.options.gdb);
    if (start.options.dump != nullptr) {
        descriptors.dump = open_core_file_or_refuse(start.options.dump);
        descriptors.pagemap = open_pagemap();
    }
    const int file = open_image(start, HOLM_PLATFORM_VM, "vm");
    open_devices(start);

    if (getrandom(&start.random, sizeof start.random, 0) != sizeof start.random)
        refuse_with_errno("cannot get random bytes");
    start.map = make_address_map(start);
    Kvm kvm = create_machine(start.map.physical_end());
    place_queues(std::span(start.devices).first(start.device_list().size()), start.map.layout.rings.start,
                 start.map.doorbells);
    const MachineMemory memory = load_image(start, file);
    PageTables tables = write_guest_view(memory, start.map, start.plan);
    holm_boot_info& info = write_boot_info(start, memory);

    give_memory(kvm, memory.start, start.map.memory_size);
    set_processor(kvm);
    const std::uint64_t link_offset = start.map.layout.base - start.plan.link_base;
    // As if the entry had been called.
    set_entry(kvm, start.map,
              probe_registers(start.map, start.plan.entry + link_offset, start.map.layout.stack_top - 8));

    GuestMemory guest(memory.start, start.map, start.plan);
    connect_devices(start, guest, kvm);
    Vcpu vcpu(kvm.processor, kvm.run);
    info.clock = make_clock(kvm, earlier);
    const holm_boot_clock clock = info.clock;  // the guest may write to its own
    if (start.options.gdb != nullptr) open_code(start, memory);
    keep_only_grants(start, kvm, descriptors);
    drop_privileges(start.plan.manifest.name);
    for (BlockServer* const server : start.block_servers)
        if (server != nullptr) server->start();
    install_signal_handlers(vcpu, guest, Runner::ticks_per_second(descriptors.listener >= 0));
    const std::uint64_t entry = start.plan.entry + link_offset;
    DebuggedMemory debugged(guest, tables, start.map.memory_size);
    Debugger& debugger =
        *::new (start.debugger) Debugger({descriptors.listener, kvm.processor, debugged, entry});
    CoreDump dump({descriptors.dump, kvm.processor, start.options.dump, start.name(), entry, start.map,
                   start.plan, debugged, descriptors.pagemap});
    Runner runner({.map = start.map,
                   .memory = guest,
                   .tables = tables,
                   .vcpu = vcpu,
                   .devices = start.machine_devices,
                   .clock = clock,
                   .name = start.name(),
                   .link_offset = link_offset,
                   .upcall = start.plan.upcall + link_offset,
                   .grace_ms = start.options.grace_ms,
                   .count_exits = start.options.count_exits,
                   .debugger = descriptors.listener >= 0 ? &debugger : nullptr,
                   .dump = descriptors.dump >= 0 ? &dump : nullptr,
                   .stopped = start.options.stopped});
    enter_vcpu_filter(kvm.processor, descriptors);
    runner.run();
}

}  // namespace

constinit const std::string_view kProgramName = kTraits.program;

}  // namespace holm::tender

int main(int argc, char** argv) {
    holm::tender::run({argv + (argc > 0), argv + argc});
}

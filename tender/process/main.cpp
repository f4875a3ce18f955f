// holm-process: runs an image inside its own process. The order of the steps is the order of this file's
// main().

#include <algorithm>
#include <array>

#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "tender/instance/boot_block.h"
#include "tender/instance/clock.h"
#include "tender/instance/confine.h"
#include "tender/instance/failure.h"
#include "tender/instance/layout.h"
#include "tender/instance/map_image.h"
#include "tender/instance/start.h"
#include "tender/loader/relocate.h"
#include "tender/process/address_space.h"
#include "tender/process/dump.h"
#include "tender/process/gate.h"
#include "tender/process/placement.h"
#include "tender/process/trace.h"
#include "tender/process/upcall.h"
#include "tender/process/workers.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace holm::tender {
namespace {

constexpr TenderTraits kTraits{
    .program = "holm-process",
    .does = "Runs a Holm image as a sandboxed process.\n\n",
    .own_usage = "  --trace-syscalls   print each system call of the image to standard error\n",
    .has_trace = true};

// The tender's address of a byte is the image's.
constexpr MapMode kInPlace{
    .offset = 0, .flags = MAP_FIXED_NOREPLACE, .protections = PROT_READ | PROT_WRITE | PROT_EXEC};

constexpr int kMappingAttempts = 8;

// What one start needs from the host's generator, fetched by one call.
struct Randomness {
    std::uint8_t seed[HOLM_SEED_SIZE];
    std::uint64_t base[kMappingAttempts];
    std::uint64_t gate;
};

struct ProcessStart : Start {
    Randomness random;
    Layout layout;
    std::uint64_t gate;
    holm_boot_workers workers;
    std::array<WritableDevice, HOLM_MAX_DEVICES> writable_storage;
    std::size_t writable_count;

    std::span<const WritableDevice> writable() const { return {writable_storage.data(), writable_count}; }
    bool has_block_devices() const { return workers.count != 0; }
};

std::uint64_t gate_address(std::uint64_t gate, const unsigned char* symbol) {
    return gate + static_cast<std::uint64_t>(symbol - holm_gate_page);
}

void map_image(ProcessStart& start, int file) {
    LayoutInput input{.base = 0,
                      .image_span = start.plan.span,
                      .stack_size = start.plan.manifest.stack_size,
                      .strings_size = size_of_strings(start.name(), start.options),
                      .device_count = start.plan.manifest.device_count,
                      .rings_size = 0,
                      .heap_size = heap_size(start),
                      .heap_alignment = elf::kPageSize};
    for (const std::uint64_t random : start.random.base) {
        input.base = random_base(random);
        start.layout = compute_layout(input);
        // What an attempt leaves behind is unmapped at departure with all the rest.
        if (!map_instance(file, start.plan, start.layout, kInPlace)) continue;
        if (start.has_block_devices() && !map_worker_stacks(start.layout)) continue;
        auto* const memory = reinterpret_cast<std::byte*>(start.layout.base);
        const auto relocated = relocate_image(start.plan, {memory, start.plan.span}, start.layout.base);
        if (!relocated) refuse_image(start, relocated.error());
        return;
    }
    refuse("no free place in the address space");
}

// The filter is put together at `at`; returns how many instructions it has.
std::size_t make_filter(const ProcessStart& start, FilterInstruction* at) {
    const std::uint64_t after_call = gate_address(start.gate, holm_gate_window_end);
    if (!start.has_block_devices()) {
        std::copy(kFilter.begin(), kFilter.end(), at);
        set_gate(std::span<FilterInstruction, kSmallestFilter>(at, kSmallestFilter), after_call);
        return kSmallestFilter;
    }
    const std::size_t size = filter_size(true, start.writable_count);
    FilterCompiler(true, start.writable(), {at, size}).compile(after_call);
    return size;
}

// Below the top of the guest's stack: memory that stays, and that the guest is free to write over. The filter
// lies below the rest.
Departure& prepare_departure(const ProcessStart& start) {
    const Layout& layout = start.layout;
    auto& departure = *reinterpret_cast<Departure*>(layout.stack_top - sizeof(Departure) / 16 * 16 - 256);
    const HoleList holes = holes_of(layout, start.workers.count, start.gate, start.plan);
    std::copy(holes.span().begin(), holes.span().end(), departure.holes);
    departure.hole_count = holes.count;
    auto* const filter = reinterpret_cast<FilterInstruction*>(&departure) -
                         filter_size(start.has_block_devices(), start.writable_count);
    departure.filter_length = make_filter(start, filter);
    departure.filter_address = reinterpret_cast<std::uint64_t>(filter);
    departure.filter_flags = start.has_block_devices() ? SECCOMP_FILTER_FLAG_TSYNC : 0;
    departure.entry = layout.base + (start.plan.entry - start.plan.link_base);
    departure.boot_info = layout.boot_info;
    departure.stack = layout.stack_top - 8;  // as if the entry had been called
    return departure;
}
// With the smallest stack there is, and the largest filter.
static_assert(kLargestFilter * sizeof(FilterInstruction) + sizeof(Departure) + 512 < HOLM_STACK_MINIMUM);

[[noreturn]] void depart(std::uint64_t gate, Departure& departure) {
    const std::uint64_t routine = gate_address(gate, holm_gate_depart);
    reinterpret_cast<void (*)(Departure*)>(routine)(&departure);
    __builtin_unreachable();
}

// What block devices need besides their files: threads, and their bounds for the filter.
void prepare_block_devices(ProcessStart& start) {
    for (const holm_boot_device& device : start.device_list()) {
        if (device.transport != HOLM_TRANSPORT_FILE) continue;
        if (!start.has_block_devices()) start.workers = make_worker_handles();
        if ((device.block.flags & HOLM_DEVICE_READ_ONLY) != 0) continue;
        start.writable_storage[start.writable_count++] = {
            static_cast<std::uint32_t>(device.handle), device.block.sector_count * device.block.sector_size};
    }
}

void keep_only_grants(const ProcessStart& start) {
    std::array<int, HOLM_MAX_DEVICES + 3> kept;
    std::size_t count = 0;
    kept[count++] = kConsole;
    for (const holm_boot_device& device : start.device_list())
        if (device.transport != HOLM_TRANSPORT_NONE) kept[count++] = device.handle;
    if (start.has_block_devices()) {
        kept[count++] = start.workers.wake;
        kept[count++] = start.workers.done;
    }
    close_all_but(std::span(kept).first(count));
}

void run(std::span<char* const> words) {
    // Constant initialisation: all zero, so it is in .bss.
    static constinit ProcessStart start{};
    const ClockPair earlier = read_clock_pair();
    prepare_output(kConsole);
    read_options(start, words, kTraits);
    if (start.options.trace && start.options.dump != nullptr)
        refuse("--trace-syscalls and --dump cannot both watch an instance");
    if (start.options.trace) trace_instance();
    if (start.options.dump != nullptr) dump_instance_at_end(start.options.dump);
    require_host_support();
    const int file = open_image(start, HOLM_PLATFORM_PROCESS, "process");
    open_devices(start);
    prepare_block_devices(start);

    if (getrandom(&start.random, sizeof start.random, 0) != sizeof start.random)
        refuse_with_errno("cannot get random bytes");
    start.gate = random_gate(start.random.gate);
    map_image(start, file);
    move_gate(start.gate);
    protect_relro(start.plan, start.layout, kInPlace);
    seal_instance(start.plan, start.layout, start.workers.count, start.gate);

    holm_boot_info& info = write_boot_block({.platform = HOLM_PLATFORM_PROCESS,
                                             .plan = start.plan,
                                             .layout = start.layout,
                                             .options = start.options,
                                             .name = start.name(),
                                             .devices = start.device_list(),
                                             .seed = start.random.seed,
                                             .offset = kInPlace.offset});
    info.console_handle = 1;
    info.gate = {gate_address(start.gate, holm_gate_call), gate_address(start.gate, holm_gate_call),
                 gate_address(start.gate, holm_gate_window_end), gate_address(start.gate, holm_gate_abandon)};
    info.workers = start.workers;
    announce_layout(start.plan, start.layout, info);
    Departure& departure = prepare_departure(start);
    keep_only_grants(start);
    drop_privileges(start.plan.manifest.name);
    start_workers(start.layout, start.gate, info.workers);
    forbid_new_processes();
    install_upcall(start.layout.base + (start.plan.upcall - start.plan.link_base),
                   gate_address(start.gate, holm_gate_restorer), start.layout.alternate);
    const ClockPair later = read_clock_pair();
    info.clock = make_boot_clock(earlier, later, read_wall_clock_ns());
    if (start.options.stopped) kill(getpid(), SIGSTOP);
    depart(start.gate, departure);
}

}  // namespace

constinit const std::string_view kProgramName = kTraits.program;

}  // namespace holm::tender

int main(int argc, char** argv) {
    holm::tender::run({argv + (argc > 0), argv + argc});
}

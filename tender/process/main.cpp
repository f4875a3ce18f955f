// holm-process: runs an image inside its own process. The order of the steps is the order of this file's
// main().

#include <algorithm>
#include <array>
#include <cstring>

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tender/devices/grants.h"
#include "tender/devices/open_net.h"
#include "tender/loader/parse.h"
#include "tender/loader/relocate.h"
#include "tender/process/address_space.h"
#include "tender/process/boot_block.h"
#include "tender/process/clock.h"
#include "tender/process/confine.h"
#include "tender/process/failure.h"
#include "tender/process/layout.h"
#include "tender/process/options.h"
#include "tender/process/trace.h"

namespace holm::tender {
namespace {

constexpr int kMappingAttempts = 8;

// What one start needs from the host's generator, fetched by one call.
struct Randomness {
    std::uint8_t seed[HOLM_SEED_SIZE];
    std::uint64_t base[kMappingAttempts];
    std::uint64_t gate;
};

// Everything a start works on, in zeroed static memory: most of it is never touched and costs nothing.
struct Start {
    Options options;
    std::array<std::byte, kHeadSize> head;
    LoadPlan plan;
    Randomness random;
    Layout layout;
    std::array<holm_boot_device, HOLM_MAX_DEVICES> devices;

    std::span<const holm_boot_device> device_list() const {
        return {devices.data(), plan.manifest.device_count};
    }
    std::string_view name() const { return plan.manifest.name; }
};

[[noreturn]] void refuse_image(const Start& start, const Sentence& why) {
    Sentence sentence;
    sentence.foreign(start.options.image).text(": ").text(why.view());
    refuse(sentence);
}

[[noreturn]] void refuse_image(const Start& start, const LoadError& error) {
    Sentence why;
    error.describe(why);
    refuse_image(start, why);
}

void read_options(Start& start, std::span<char* const> words) {
    const auto parsed = parse_options(words, start.options);
    if (!parsed) refuse(parsed.error());
    if (!start.options.help) return;
    const bool written = write(1, kUsage.data(), kUsage.size()) == static_cast<ssize_t>(kUsage.size());
    _exit(written ? 0 : 1);
}

// Opens the image, reads its head once and checks it. Returns the file's descriptor.
int open_image(Start& start) {
    const int file = open(start.options.image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    if (file < 0 || fstat(file, &status) != 0) refuse_image(start, Sentence{}.text(strerror(errno)));
    if (!S_ISREG(status.st_mode)) refuse_image(start, Sentence{}.text("not a regular file"));
    const ssize_t size = pread(file, start.head.data(), start.head.size(), 0);
    if (size < 0) refuse_image(start, Sentence{}.text(strerror(errno)));
    const Bytes head{start.head.data(), static_cast<std::size_t>(size)};
    const auto parsed = parse_image(head, static_cast<std::uint64_t>(status.st_size), start.plan);
    if (!parsed) refuse_image(start, parsed.error());
    if (!(start.plan.manifest.platforms & 1u << HOLM_PLATFORM_PROCESS))
        refuse_image(
            start,
            Sentence{}.text("the image was built without the platform \"process\" (holm.toml: platforms)"));
    return file;
}

std::uint64_t heap_size(const Start& start) {
    const holm_manifest& manifest = start.plan.manifest;
    const std::uint64_t size = start.options.memory.value_or(manifest.memory_default);
    if (size >= manifest.memory_minimum) return size;
    Sentence why;
    why.text("--mem grants ").decimal(size).text(" bytes of heap; the image needs at least ");
    why.decimal(manifest.memory_minimum);
    refuse_image(start, why);
}

void open_devices(Start& start) {
    const auto grants = match_grants(start.plan.devices(), start.options.nets());
    if (!grants) refuse_image(start, grants.error());
    for (std::size_t i = 0; i < start.plan.devices().size(); i++) {
        const holm_manifest_device& declared = start.plan.devices()[i];
        holm_boot_device& device = start.devices[i];
        std::copy(std::begin(declared.name), std::end(declared.name), device.name);
        device.kind = declared.kind;
        device.handle = -1;
        if ((*grants)[i] == kNotGranted) continue;
        std::array<std::uint8_t, 6> mac;
        if (getrandom(mac.data(), mac.size(), 0) != mac.size()) refuse_with_errno("cannot get random bytes");
        const auto opened =
            open_net(start.options.nets()[static_cast<std::size_t>((*grants)[i])], mac, device);
        if (!opened) refuse(opened.error());
    }
}

void map_image(Start& start, int file) {
    LayoutInput input{.image_span = start.plan.span,
                      .stack_size = start.plan.manifest.stack_size,
                      .strings_size = size_of_strings(start.name(), start.options),
                      .device_count = start.plan.manifest.device_count,
                      .heap_size = heap_size(start),
                      .random_base = 0,
                      .random_gate = start.random.gate};
    for (const std::uint64_t random : start.random.base) {
        input.random_base = random;
        start.layout = compute_layout(input);
        // What an attempt leaves behind is unmapped at departure with all the rest.
        if (!map_instance(file, start.plan, start.layout)) continue;
        auto* const memory = reinterpret_cast<std::byte*>(start.layout.base);
        const auto relocated = relocate_image(start.plan, {memory, start.plan.span}, start.layout.base);
        if (!relocated) refuse_image(start, relocated.error());
        return;
    }
    refuse("no free place in the address space");
}

// Below the top of the guest's stack: memory that stays, and that the guest is free to write over.
Departure& prepare_departure(const Start& start) {
    const Layout& layout = start.layout;
    auto& departure = *reinterpret_cast<Departure*>(layout.stack_top - sizeof(Departure) / 16 * 16 - 256);
    const HoleList holes = holes_of(layout, start.plan);
    std::copy(holes.span().begin(), holes.span().end(), departure.holes);
    departure.hole_count = holes.count;
    departure.filter = kFilter;
    departure.filter.set_gate(layout.gate +
                              static_cast<std::uint64_t>(holm_gate_window_end - holm_gate_page));
    departure.filter_length = departure.filter.instructions.size();
    departure.filter_address = reinterpret_cast<std::uint64_t>(departure.filter.instructions.data());
    departure.entry = layout.base + (start.plan.entry - start.plan.link_base);
    departure.boot_info = layout.boot_info;
    departure.stack = layout.stack_top - 8;  // as if the entry had been called
    return departure;
}

[[noreturn]] void depart(const Layout& layout, Departure& departure) {
    const std::uint64_t routine = layout.gate + static_cast<std::uint64_t>(holm_gate_depart - holm_gate_page);
    reinterpret_cast<void (*)(Departure*)>(routine)(&departure);
    __builtin_unreachable();
}

void run(std::span<char* const> words) {
    // Constant initialisation: all zero, so it is in .bss.
    static constinit Start start{};
    const ClockPair earlier = read_clock_pair();
    prepare_console();
    read_options(start, words);
    if (start.options.trace) trace_instance();
    require_host_support();
    const int file = open_image(start);
    open_devices(start);

    if (getrandom(&start.random, sizeof start.random, 0) != sizeof start.random)
        refuse_with_errno("cannot get random bytes");
    map_image(start, file);
    move_gate(start.layout.gate);
    protect_instance(start.plan, start.layout);

    holm_boot_info& info = write_boot_block(
        {start.plan, start.layout, start.options, start.name(), start.device_list(), start.random.seed});
    announce_layout(start.plan, start.layout, info);
    Departure& departure = prepare_departure(start);
    close_all_but(start.device_list());
    drop_privileges(start.plan.manifest.name);
    const std::uint64_t restorer =
        start.layout.gate + static_cast<std::uint64_t>(holm_gate_restorer - holm_gate_page);
    install_upcall(start.layout.base + (start.plan.upcall - start.plan.link_base), restorer,
                   start.layout.alternate);
    const ClockPair later = read_clock_pair();
    info.clock = make_boot_clock(earlier, later, read_wall_clock_ns());
    depart(start.layout, departure);
}

}  // namespace
}  // namespace holm::tender

int main(int argc, char** argv) {
    holm::tender::run({argv + (argc > 0), argv + argc});
}

#include "kernel/panic/report.h"

#include <array>
#include <cstring>
#include <iterator>

#include "abi/boot_info.h"
#include "base/text_buffer.h"
#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/memory/heap.h"
#include "kernel/memory/pages.h"
#include "kernel/panic/backtrace.h"
#include "kernel/panic/coroutine_chain.h"
#include "kernel/panic/image.h"
#include "kernel/panic/panic.h"
#include "kernel/panic/symbols.h"
#include "kernel/platform/platform.h"
#include "kernel/task/executor.h"
#include "kernel/time/clock.h"

namespace holm {
namespace {

constexpr std::size_t kMostFrames = 48;
constexpr std::size_t kMostAwaiting = 16;
constexpr std::size_t kMostTaskLines = 12;

using Screen = TextWriter;
constexpr std::size_t kScreenSize = 8192;

void put_address(Screen& screen, const ImageLayout& image, std::uint64_t address) {
    if (!image.is_code(address)) {
        screen.hex(address, 12) << "  (outside the image)";
        return;
    }
    screen.hex(address - image.slide, 12);
    const Symbol symbol = find_symbol(image.code_offset(address));
    if (symbol.name[0] == 0) return;
    screen << "  " << symbol.name;
    if (symbol.offset != 0) (screen << "+0x").hex(symbol.offset);
}

void put_frame(Screen& screen, const ImageLayout& image, std::uint64_t address, unsigned times) {
    screen << "  ";
    put_address(screen, image, address);
    if (times > 1) screen << "  (" << times << " times)";
    screen << "\n";
}

// Stack, heap, data: what a report may read without a fault.
std::array<AddressRange, 3> readable_memory(const ImageLayout& image) {
    const holm_boot_info& boot = *this_core().boot;
    return {AddressRange{boot.stack_low, boot.stack_low + boot.stack_size},
            AddressRange{boot.heap_start, boot.heap_start + boot.heap_size}, image.data};
}

void put_backtrace(Screen& screen, const ImageLayout& image, const Report& report) {
    std::array<std::uint64_t, kMostFrames> addresses;
    const std::size_t count = backtrace(report.frame_pointer, readable_memory(image), image.text, addresses);
    screen << "where\n";
    if (report.instruction_pointer != 0) put_frame(screen, image, report.instruction_pointer, 1);
    for (std::size_t i = 0; i < count;) {
        // Recursion shows the same address again and again.
        std::size_t end = i + 1;
        while (end < count && addresses[end] == addresses[i]) ++end;
        // The call, not what comes after it: that may be the next function already.
        put_frame(screen, image, addresses[i] - 1, static_cast<unsigned>(end - i));
        i = end;
    }
    if (count == kMostFrames) screen << "  ...\n";
}

void put_registers(Screen& screen, const Registers& registers) {
    // As they lie in Registers.
    constexpr char kNames[][4] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8 ", "r9 ",
                                  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rfl", "vec", "err"};
    std::array<std::uint64_t, std::size(kNames)> values;
    static_assert(sizeof values == sizeof registers);
    std::memcpy(values.data(), &registers, sizeof values);
    screen << "registers\n";
    for (std::size_t i = 0; i < values.size(); ++i)
        (screen << "  " << kNames[i] << " ").hex(values[i], 16) << (i % 4 == 3 ? "\n" : "");
}

void put_memory(Screen& screen) {
    const Core& core = this_core();
    if (!core.pages || !core.heap) return;
    const memory::PageStatistics pages = core.pages->statistics();
    const memory::HeapStatistics heap = core.heap->statistics();
    constexpr std::uint64_t kKilobytesOfPage = memory::kPageSize / 1024;
    screen << "memory     " << pages.used * kKilobytesOfPage << " KB of " << pages.total * kKilobytesOfPage
           << " KB in use, at most " << pages.peak * kKilobytesOfPage << " KB; " << std::uint64_t{heap.live}
           << " allocations";
    if (heap.failed != 0) screen << ", " << heap.failed << " refused";
    screen << "\n";
}

// The coroutines that wait for the running one: the way it was called, which the stack does not show.
void put_awaiting(Screen& screen, const ImageLayout& image) {
    const Executor* executor = this_core().executor;
    if (!executor || !executor->current()) return;
    std::array<std::uint64_t, kMostAwaiting> addresses;
    const std::size_t count =
        coroutine_chain(*executor->current(), readable_memory(image), image.text, addresses);
    if (count < 2) return;
    screen << "awaited by\n";
    for (const std::uint64_t address : std::span(addresses).subspan(1, count - 1))
        put_frame(screen, image, address, 1);
    if (count == kMostAwaiting) screen << "  ...\n";
}

// Tasks of one name that wait in the same function share a line.
struct TaskLine {
    const char* name;
    std::uint64_t waits_in;  // function that the innermost coroutine goes on in; 0: a fiber, or not started
    unsigned count;
};

void put_tasks(Screen& screen, const ImageLayout& image) {
    Executor* executor = this_core().executor;
    if (!executor) return;
    std::array<TaskLine, kMostTaskLines> lines;
    std::size_t used = 0;
    unsigned others = 0;
    executor->roots().for_each([&](TaskRoot& root) {
        std::array<std::uint64_t, 1> innermost{};
        if (&root != executor->current())
            coroutine_chain(root, readable_memory(image), image.text, innermost);
        for (TaskLine& line : std::span(lines).first(used)) {
            if (line.name != root.name() || line.waits_in != innermost[0]) continue;
            ++line.count;
            return;
        }
        if (used == lines.size()) {
            ++others;
        } else {
            lines[used++] = {root.name(), innermost[0], 1};
        }
    });
    screen << "running    " << (executor->current() ? executor->current()->name() : "the kernel")
           << "\ntasks\n";
    for (const TaskLine& line : std::span(lines).first(used)) {
        screen << "  " << line.name;
        if (line.count > 1) screen << " (" << line.count << ")";
        if (line.waits_in != 0) {
            screen << ", in ";
            put_address(screen, image, line.waits_in);
        }
        screen << "\n";
    }
    if (others != 0) screen << "  and " << others << " more\n";
}

void put_header(Screen& screen, const ImageLayout& image, const Report& report) {
    const Core& core = this_core();
    screen << "\n---- holm: " << report.title << " ----\nwhat       " << report.what << "\n";
    if (report.detail) screen << "           " << report.detail << "\n";
    screen << "image      " << reinterpret_cast<const char*>(core.boot->arguments.start) << ", build ";
    for (std::size_t i = 0; i < image.build_id.size() && i < 8; ++i) screen.hex(image.build_id[i], 2);
    if (core.clock) {
        const auto microseconds = static_cast<std::uint64_t>(core.clock->now().as_nanoseconds() / 1000);
        (screen << ", after " << microseconds / 1'000'000 << ".").decimal(microseconds % 1'000'000, 6)
            << " s";
    }
    screen << "\n";
}

}  // namespace

void print_report(const Report& report) {
    const Core& core = this_core();
    if (core.console) core.console->flush();
    const ImageLayout image = image_layout(*core.boot);
    TextBuffer<kScreenSize> screen;
    put_header(screen, image, report);
    put_backtrace(screen, image, report);
    put_awaiting(screen, image);
    if (report.registers) put_registers(screen, *report.registers);
    // Written before looking at what the fault may have left in disorder.
    core.platform->write_console(as_bytes(screen.text()));
    screen.clear();
    put_memory(screen);
    put_tasks(screen, image);
    core.platform->write_console(as_bytes(screen.text()));
}

void panic_with(const Report& report) {
    Core& core = this_core();
    if (core.panicking) {
        TextBuffer<256> line;
        line << "holm: another panic while the first was being reported: " << report.what << "\n";
        core.platform->write_console(as_bytes(line.text()));
        core.platform->exit(kPanicStatus);
    }
    core.panicking = true;
    print_report(report);
    core.platform->exit(kPanicStatus);
}

void panic(const char* what, const char* detail) {
    panic_with({.title = "panic",
                .what = what,
                .detail = detail,
                .frame_pointer = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0))});
}

}  // namespace holm

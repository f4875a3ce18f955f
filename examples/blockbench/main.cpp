// Reads and writes a block device with several requests in flight; README.md lists its arguments.

#include <algorithm>
#include <format>
#include <memory>
#include <string>

#include <holm/block.h>
#include <holm/main.h>
#include <holm/task.h>

#include "options.h"
#include "pattern.h"

using holm::BlockDevice;
using holm::Result;
using holm::Scope;
using holm::Task;

namespace {

struct Bench {
    holm::Machine& machine;
    BlockDevice& disk;
    const Options& options;
    std::uint64_t blocks;  // that the device has
    std::uint64_t begun = 0;
    std::uint64_t done = 0;
    std::uint64_t limit = 0;  // operations
    holm::Instant end = holm::Instant::never();
    std::string problem;  // beyond what an Error has room for

    bool is_over() const { return begun >= limit || (!end.is_never() && machine.clock().now() >= end); }
};

bool is_random(Mode mode) {
    return mode == Mode::kRandomRead || mode == Mode::kRandomWrite;
}

// One request after the other, until there is nothing left to do.
Task<Result<>> work(Bench& bench, Mode mode, std::uint64_t index) {
    const std::uint64_t size = bench.options.block_size;
    // The host copies to a whole page in less time than to parts of two.
    constexpr std::align_val_t kPage{4096};
    const auto free = [](std::byte* memory) { ::operator delete[](memory, kPage); };
    const std::unique_ptr<std::byte[], decltype(free)> memory(new (kPage) std::byte[size]{}, free);
    const holm::MutableBytes block(memory.get(), size);
    std::uint64_t random = bench.options.seed + (index << 32);
    while (!bench.is_over()) {
        const std::uint64_t number = bench.begun++;
        const std::uint64_t offset =
            (is_random(mode) ? next_random(random) % bench.blocks : number % bench.blocks) * size;
        Result<> outcome;
        if (mode == Mode::kRead || mode == Mode::kRandomRead || mode == Mode::kCheck) {
            outcome = co_await bench.disk.read(offset, block);
        } else if (mode == Mode::kDiscard) {
            outcome = co_await bench.disk.discard(offset, size);
        } else {
            if (mode == Mode::kFill) write_pattern(block, offset, bench.options.seed);
            outcome = co_await bench.disk.write(offset, block);
        }
        if (!outcome) {
            bench.problem = std::format("offset {}: {}", offset, outcome.error().what);
            co_return outcome;
        }
        if (mode == Mode::kCheck) {
            if (const char* const wrong = check_pattern(block, offset, bench.options.seed)) {
                bench.problem = std::format("the block at offset {} {}", offset, wrong);
                co_return holm::fail(holm::ErrorCode::kBadMessage);
            }
        }
        ++bench.done;
    }
    co_return {};
}

Task<Result<>> run(Bench& bench, Mode mode, const char* name) {
    const bool measures = is_random(mode) || mode == Mode::kRead || mode == Mode::kWrite;
    bench.begun = bench.done = 0;
    const holm::Instant start = bench.machine.clock().now();
    bench.limit = bench.options.count.value_or(measures ? ~std::uint64_t{0} : bench.blocks);
    bench.end = measures && !bench.options.count
                    ? start + holm::Duration::seconds(static_cast<std::int64_t>(bench.options.seconds))
                    : holm::Instant::never();
    Scope scope;
    for (std::uint64_t i = 0; i < bench.options.depth; ++i) {
        if (!scope.start(work(bench, mode, i), "request"))
            co_return holm::fail(holm::ErrorCode::kOutOfMemory, "no memory for so many tasks");
    }
    CO_TRY(co_await scope.join());
    if (!bench.disk.read_only()) CO_TRY(co_await bench.disk.flush());
    const double seconds = static_cast<double>((bench.machine.clock().now() - start).as_nanoseconds()) / 1e9;
    const double rate = static_cast<double>(bench.done) / seconds;
    const std::string line = std::format(
        "blockbench: {} {} operations of {} bytes in {:.3f} s: {:.0f}/s, {:.1f} MB/s\n", name, bench.done,
        bench.options.block_size, seconds, rate, rate * static_cast<double>(bench.options.block_size) / 1e6);
    bench.machine.console().print(line.c_str());
    co_return {};
}

Task<Result<>> run_mode(Bench& bench) {
    switch (bench.options.mode) {
        case Mode::kRead:
            co_return co_await run(bench, Mode::kRead, "read:");
        case Mode::kWrite:
            co_return co_await run(bench, Mode::kWrite, "write:");
        case Mode::kRandomRead:
            co_return co_await run(bench, Mode::kRandomRead, "randread:");
        case Mode::kRandomWrite:
            co_return co_await run(bench, Mode::kRandomWrite, "randwrite:");
        case Mode::kFill:
            co_return co_await run(bench, Mode::kFill, "fill:");
        case Mode::kCheck:
            co_return co_await run(bench, Mode::kCheck, "check:");
        case Mode::kDiscard:
            co_return co_await run(bench, Mode::kDiscard, "discard:");
        case Mode::kVerify:
            CO_TRY(co_await run(bench, Mode::kFill, "fill:"));
            co_return co_await run(bench, Mode::kCheck, "check:");
    }
}

}  // namespace

Task<> holm::main(Machine& machine) {
    const auto fail_with = [&](const std::string& why) {
        machine.console().print("blockbench: ", why.c_str(), "\n");
        machine.set_exit_status(1);
    };
    Options options;
    if (const auto wrong = parse(machine.arguments(), options)) co_return fail_with(*wrong);
    const auto disk = machine.block("disk");
    if (!disk) co_return fail_with(disk.error().what);
    if (options.block_size % (*disk)->sector_size() != 0)
        co_return fail_with(std::format("--size is no multiple of the device's sector size, {} bytes",
                                        (*disk)->sector_size()));
    Bench bench{.machine = machine,
                .disk = **disk,
                .options = options,
                .blocks = (*disk)->size() / options.block_size};
    if (bench.blocks == 0) co_return fail_with("the device is smaller than one block");
    if (const Result<> ended = co_await run_mode(bench); !ended)
        fail_with(bench.problem.empty() ? ended.error().what : bench.problem);
}

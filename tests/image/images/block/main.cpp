// What a service may do with block devices besides reading and writing them (examples/blockbench): its
// argument names one thing, and status 0 means that all was as it should be.

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include <holm/block.h>
#include <holm/main.h>
#include <holm/task.h>
#include <holm/time.h>

using holm::BlockDevice;
using holm::ErrorCode;
using holm::Result;
using holm::Task;

namespace {

constexpr std::size_t kBlock = 65536;

std::vector<std::byte> block_of(unsigned value) {
    return std::vector<std::byte>(kBlock, static_cast<std::byte>(value));
}

Task<Result<>> expect(BlockDevice& device, std::uint64_t number, unsigned value) {
    std::vector<std::byte> got(kBlock);
    CO_TRY(co_await device.read(number * kBlock, got));
    if (got != block_of(value)) co_return holm::fail(ErrorCode::kBadMessage, "a block has other contents");
    co_return {};
}

// Requests are dropped while threads and devices work on them, and their memory is used for something else.
Task<Result<>> cancel(holm::Machine& machine) {
    BlockDevice& disk = *CO_TRY(machine.block("disk"));
    for (unsigned round = 0; round < 50; ++round) {
        holm::Scope scope;
        for (unsigned i = 0; i < 8; ++i) {
            scope.start([&disk, i, round]() -> Task<Result<>> {
                auto block = block_of(i);
                if (round % 2 == 0) co_return co_await disk.write(i * kBlock, block);
                co_return co_await disk.read(i * kBlock, block);
            });
        }
        for (unsigned turns = 0; turns < round % 4; ++turns) co_await holm::yield();
    }
    for (unsigned i = 0; i < 8; ++i) CO_TRY(co_await disk.write(i * kBlock, block_of(100 + i)));
    CO_TRY(co_await disk.flush());
    for (unsigned i = 0; i < 8; ++i) CO_TRY(co_await expect(disk, i, 100 + i));
    co_return {};
}

// Two devices share threads, or have their own; none gets what is the other's.
Task<Result<>> two(holm::Machine& machine) {
    BlockDevice& disk = *CO_TRY(machine.block("disk"));
    BlockDevice& log = *CO_TRY(machine.block("log"));
    holm::Scope scope;
    for (unsigned i = 0; i < 8; ++i) {
        scope.start(
            [&disk, i]() -> Task<Result<>> { co_return co_await disk.write(i * kBlock, block_of(i)); });
        scope.start(
            [&log, i]() -> Task<Result<>> { co_return co_await log.write(i * kBlock, block_of(50 + i)); });
    }
    CO_TRY(co_await scope.join());
    for (unsigned i = 0; i < 8; ++i) {
        CO_TRY(co_await expect(disk, i, i));
        CO_TRY(co_await expect(log, i, 50 + i));
    }
    co_return {};
}

Task<Result<>> errors(holm::Machine& machine) {
    const auto wrong = [] { return holm::fail(ErrorCode::kBadMessage, "another error was expected"); };
    if (machine.block("no-such").error().code != ErrorCode::kNotFound) co_return wrong();
    if (machine.block("log").error().code != ErrorCode::kNoDevice) co_return wrong();
    BlockDevice& disk = *CO_TRY(machine.block("disk"));
    if (CO_TRY(machine.block("disk")) != &disk) co_return wrong();
    std::array<std::byte, 512> sector{};
    if ((co_await disk.read(1, sector)).error().code != ErrorCode::kInvalid) co_return wrong();
    if ((co_await disk.read(disk.size(), sector)).error().code != ErrorCode::kOutOfRange) co_return wrong();
    if ((co_await disk.discard(0, disk.size() + 512)).error().code != ErrorCode::kOutOfRange)
        co_return wrong();
    co_return {};
}

// Zeroes, holes, and memory in pieces.
Task<Result<>> zeroes(holm::Machine& machine) {
    BlockDevice& disk = *CO_TRY(machine.block("disk"));
    auto content = block_of(7);
    const std::span all(content);
    const holm::MutableBytes pieces[] = {all.first(1000), all.subspan(1000, 30000), all.subspan(31000)};
    CO_TRY(co_await disk.write(kBlock, pieces));
    CO_TRY(co_await expect(disk, 1, 7));
    CO_TRY(co_await disk.write_zeroes(kBlock, kBlock));
    CO_TRY(co_await expect(disk, 1, 0));
    CO_TRY(co_await disk.write(kBlock, pieces));
    if (disk.discards()) CO_TRY(co_await disk.discard(kBlock, kBlock));
    co_return {};
}

}  // namespace

Task<> holm::main(Machine& machine) {
    const std::string_view what = machine.arguments().size() > 1 ? machine.arguments()[1] : "";
    Result<> outcome = fail(ErrorCode::kInvalid, "an argument that is none");
    if (what == "cancel") outcome = co_await cancel(machine);
    if (what == "two") outcome = co_await two(machine);
    if (what == "errors") outcome = co_await errors(machine);
    if (what == "zeroes") outcome = co_await zeroes(machine);
    if (outcome) co_return;
    machine.console().print("block: ", outcome.error().what, "\n");
    machine.set_exit_status(1);
}

// The file device over a real file, with threads of the test in place of the tender's.

#include "kernel/drivers/block/file_device.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace holm::drivers {
namespace {

// What the next calls of a kind are answered with instead of being made.
struct Fault {
    std::atomic<long> number = -1;
    std::atomic<long> result = 0;
    std::atomic<int> times = 0;
};
Fault fault;
std::atomic<int> wakes = 0;  // write() calls

long call(long a, long b, long c, long d, long e, long f, long number) {
    if (number == fault.number && fault.times > 0) {
        --fault.times;
        return fault.result;
    }
    if (number == SYS_write) ++wakes;
    const long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

platform::Gate gate() {
    holm_boot_gate boot{};
    boot.call = reinterpret_cast<holm_guest_address>(&call);
    return platform::Gate(boot);
}

struct Count final : BlockSink {
    void finished(BlockJob& job) override {
        if (!job.outcome) error = job.outcome.error().code;
        ++count;
    }
    unsigned count = 0;
    ErrorCode error{};
};

struct Fixture {
    static constexpr std::uint64_t kSize = 1 << 20;

    Fixture() {
        REQUIRE(ftruncate(file, kSize) == 0);
        boot.wake = eventfd(0, EFD_SEMAPHORE);
        boot.done = eventfd(0, EFD_NONBLOCK);
        workers = std::make_unique<BlockWorkers>(gate(), boot);
        device = std::make_unique<FileDevice>(gate(), file, BlockGeometry{.size = kSize, .sector_size = 512},
                                              *workers);
        fault.number = -1;
        fault.times = 0;
    }
    ~Fixture() {
        stop = true;
        const std::uint64_t many = 1000;
        CHECK(write(boot.wake, &many, sizeof many) == sizeof many);
        for (std::thread& thread : threads) thread.join();
        for (const int descriptor : {file, boot.wake, boot.done}) close(descriptor);
    }
    void start(unsigned count) {
        for (unsigned i = 0; i < count; ++i)
            threads.emplace_back([this] {
                while (!stop) workers->work_once();
            });
    }
    // Waits as the executor does until all jobs are done.
    void finish() {
        device->kick();
        while (workers->in_flight() != 0) {
            if (device->reap(sink) != 0) continue;
            const platform::Readiness wanted = device->readiness();
            pollfd polled{.fd = wanted.handle, .events = POLLIN, .revents = 0};
            REQUIRE(poll(&polled, 1, 100'000) == 1);  // else a job was lost
        }
    }
    Result<> run(BlockOperation operation, std::uint64_t offset, MutableBytes bytes, std::uint64_t size = 0) {
        BlockJob job;
        job.operation = operation;
        job.offset = offset;
        job.size = bytes.empty() ? size : bytes.size();
        job.buffer = bytes.data();
        REQUIRE(device->submit(job));
        finish();
        return job.outcome;
    }

    int file = memfd_create("disk", 0);
    holm_boot_workers boot{};
    std::unique_ptr<BlockWorkers> workers;
    std::unique_ptr<FileDevice> device;
    std::vector<std::thread> threads;
    std::atomic<bool> stop = false;
    Count sink;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a file device does what it is asked") {
    start(2);
    std::vector<std::byte> bytes(4096, std::byte{7});
    CHECK(run(BlockOperation::kWrite, 8192, bytes));
    std::vector<std::byte> got(4096);
    CHECK(run(BlockOperation::kRead, 8192, got));
    CHECK(got == bytes);
    CHECK(run(BlockOperation::kFlush, 0, {}));
    struct stat status{};
    CHECK(fstat(file, &status) == 0);
    CHECK(status.st_blocks == 8);
    CHECK(run(BlockOperation::kDiscard, 8192, {}, 4096));
    CHECK(fstat(file, &status) == 0);
    CHECK(status.st_blocks == 0);
    CHECK(status.st_size == kSize);
}

TEST_CASE_FIXTURE(Fixture, "errors of the host are values") {
    start(1);
    std::vector<std::byte> bytes(512);
    const struct {
        BlockOperation operation;
        long number;
        long error;
        ErrorCode expected;
    } cases[] = {
        {BlockOperation::kRead, SYS_preadv2, -EIO, ErrorCode::kInputOutput},
        {BlockOperation::kWrite, SYS_pwrite64, -ENOSPC, ErrorCode::kNoSpace},
        {BlockOperation::kWrite, SYS_pwrite64, -EDQUOT, ErrorCode::kNoSpace},
        {BlockOperation::kWrite, SYS_pwrite64, -EFBIG, ErrorCode::kTooLarge},
        {BlockOperation::kWrite, SYS_pwrite64, -EBADF, ErrorCode::kReadOnly},
        {BlockOperation::kWrite, SYS_pwrite64, 0, ErrorCode::kInputOutput},
        {BlockOperation::kFlush, SYS_fdatasync, -EIO, ErrorCode::kInputOutput},
        {BlockOperation::kDiscard, SYS_fallocate, -EOPNOTSUPP, ErrorCode::kUnsupported},
        {BlockOperation::kWriteZeroes, SYS_fallocate, -EIO, ErrorCode::kInputOutput},
    };
    for (const auto& one : cases) {
        CAPTURE(one.number);
        CAPTURE(one.error);
        fault.result = one.error;
        fault.times = 1;
        fault.number = one.number;
        const Result<> outcome =
            run(one.operation, 0,
                one.number == SYS_fallocate || one.number == SYS_fdatasync ? MutableBytes{} : bytes, 512);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code == one.expected);
    }
}

TEST_CASE_FIXTURE(Fixture, "a call that was interrupted is made again") {
    start(1);
    std::vector<std::byte> bytes(512);
    fault.number = SYS_pwrite64;
    fault.result = -EINTR;
    fault.times = 3;
    CHECK(run(BlockOperation::kWrite, 0, bytes));
    CHECK(fault.times == 0);
}

TEST_CASE_FIXTURE(Fixture, "zeroes are written where no hole can be made") {
    start(1);
    std::vector<std::byte> bytes(12288, std::byte{9});
    CHECK(run(BlockOperation::kWrite, 0, bytes));
    fault.number = SYS_fallocate;
    fault.result = -EOPNOTSUPP;
    fault.times = 1;
    CHECK(run(BlockOperation::kWriteZeroes, 512, {}, 9216));
    CHECK(run(BlockOperation::kRead, 0, bytes));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool zero = i >= 512 && i < 512 + 9216;
        REQUIRE(bytes[i] == (zero ? std::byte{0} : std::byte{9}));
    }
}

TEST_CASE_FIXTURE(Fixture, "a file that has become shorter is an error") {
    start(1);
    REQUIRE(ftruncate(file, 1000) == 0);
    std::vector<std::byte> bytes(1024);
    CHECK(run(BlockOperation::kRead, 0, bytes).error().code == ErrorCode::kInputOutput);
    CHECK(run(BlockOperation::kRead, 4096, bytes).error().code == ErrorCode::kInputOutput);
    const MutableBytes piece(bytes);
    CHECK(device->read_at_once(4096, std::span(&piece, 1)) == 0);
}

TEST_CASE_FIXTURE(Fixture, "a read at once does not wait, and is not tried where the host cannot tell") {
    std::vector<std::byte> bytes(1024);
    const MutableBytes pieces[] = {MutableBytes(bytes).first(100), MutableBytes(bytes).subspan(100)};
    fault.number = SYS_preadv2;
    fault.result = -EAGAIN;
    fault.times = 1;
    CHECK(device->read_at_once(0, pieces) == 0);
    fault.result = 100;
    fault.times = 1;
    CHECK(device->read_at_once(0, pieces) == 100);
    fault.result = -EOPNOTSUPP;
    fault.times = 2;
    CHECK(device->read_at_once(0, pieces) == 0);
    CHECK(device->read_at_once(0, pieces) == 0);
    CHECK(fault.times == 1);
}

TEST_CASE_FIXTURE(Fixture, "no job is lost between threads that fall asleep and a core that does") {
    start(4);
    std::vector<BlockJob> jobs(BlockWorkers::kMostJobs);
    std::vector<std::byte> bytes(jobs.size() * 512);
    unsigned expected = 0;
    for (unsigned round = 0; round < 400; ++round) {
        const unsigned count = 1 + round * 7 % BlockWorkers::kMostJobs;
        for (unsigned i = 0; i < count; ++i) {
            jobs[i] = {};
            jobs[i].operation = BlockOperation::kWrite;
            jobs[i].offset = i * 512;
            jobs[i].size = 512;
            jobs[i].buffer = bytes.data() + i * 512;
            REQUIRE(device->submit(jobs[i]));
            if (i % 5 == 0) device->kick();
        }
        finish();
        expected += count;
        REQUIRE(sink.count == expected);
    }
}

TEST_CASE_FIXTURE(Fixture, "more jobs than there is room for are refused") {
    std::vector<BlockJob> jobs(BlockWorkers::kMostJobs + 1);
    for (unsigned i = 0; i < BlockWorkers::kMostJobs; ++i) {
        jobs[i].operation = BlockOperation::kFlush;
        REQUIRE(device->submit(jobs[i]));
    }
    CHECK_FALSE(device->submit(jobs.back()));
    start(2);
    finish();
    CHECK(sink.count == BlockWorkers::kMostJobs);
    CHECK(device->submit(jobs.back()));
    finish();
}

TEST_CASE_FIXTURE(Fixture, "a core that is awake is told through memory alone") {
    BlockJob job;
    job.operation = BlockOperation::kFlush;
    REQUIRE(device->submit(job));
    wakes = 0;
    workers->work_once();
    CHECK(wakes == 0);
    CHECK(device->reap(sink) == 1);
    CHECK(device->reap(sink) == 0);
}

}  // namespace holm::drivers

#include "kernel/block/block_device.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/task/deadline.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"
#include "tests/unit/kernel/block/fake_driver.h"
#include "tests/unit/kernel/core_fixture.h"

namespace holm {
namespace {

struct Fixture : test::CoreFixture {
    Fixture() {
        // Whatever waits gets one answer, unless the test says otherwise.
        platform.on_wait = [this](std::span<platform::Readiness>) {
            driver->answers += answers_per_wait;
            return answers_per_wait != 0;
        };
    }
    void run(Task<> task) {
        Scope scope;
        scope.start(run_to_end(std::move(task)));
        executor.run();
    }
    Task<> run_to_end(Task<> task) {
        co_await std::move(task);
        executor.stop();
    }

    test::FakeBlockDriver* driver = new test::FakeBlockDriver(65536);
    BlockDevice device{"disk", std::unique_ptr<drivers::BlockDriver>(driver)};
    std::size_t answers_per_wait = 1;
};

std::vector<std::byte> pattern(std::size_t size, unsigned seed = 1) {
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>((seed = seed * 1103515245 + 12345) >> 16);
    return bytes;
}

using Kinds = std::vector<drivers::BlockOperation>;
using drivers::BlockOperation;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what was written is read again") {
    run([&]() -> Task<> {
        const auto written = pattern(1024);
        CHECK(co_await device.write(512, written));
        std::vector<std::byte> got(1024);
        CHECK(co_await device.read(512, got));
        CHECK(got == written);
    }());
    CHECK(driver->log == Kinds{BlockOperation::kWrite, BlockOperation::kRead});
}

TEST_CASE_FIXTURE(Fixture, "memory in pieces of any size") {
    run([&]() -> Task<> {
        auto content = pattern(10240);
        const std::span all(content);
        const MutableBytes out[] = {all.first(1), all.subspan(1, 5000), {}, all.subspan(5001)};
        CHECK(co_await device.write(0, out));
        CHECK(std::equal(content.begin(), content.end(), driver->memory.begin()));
        std::vector<std::byte> got(10240);
        const std::span into(got);
        const MutableBytes in[] = {into.first(4095), into.subspan(4095, 2), into.subspan(4097)};
        CHECK(co_await device.read(0, in));
        CHECK(got == content);
    }());
    // Split into jobs of at most 4096 bytes.
    CHECK(driver->log.size() == 6);
}

TEST_CASE_FIXTURE(Fixture, "a read that the host can serve at once suspends nobody") {
    driver->at_once = 4096;
    driver->memory = pattern(65536);
    run([&]() -> Task<> {
        std::vector<std::byte> got(4096);
        const std::uint64_t before = executor.progress();
        CHECK(co_await device.read(8192, got));
        CHECK(executor.progress() == before);
        CHECK(std::equal(got.begin(), got.end(), driver->memory.begin() + 8192));
    }());
    CHECK(driver->log.empty());
}

TEST_CASE_FIXTURE(Fixture, "what is not there at once is a job for the rest, in whole sectors") {
    driver->memory = pattern(65536);
    driver->at_once = 700;
    run([&]() -> Task<> {
        std::vector<std::byte> got(2048);
        CHECK(co_await device.read(1024, got));
        CHECK(std::equal(got.begin(), got.end(), driver->memory.begin() + 1024));
    }());
    CHECK(driver->log.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a task that never has to wait lets others run") {
    driver->at_once = 512;
    std::string order;
    run([&]() -> Task<> {
        Scope scope;
        for (const char name : {'a', 'b'}) {
            scope.start([&order, this, name]() -> Task<> {
                std::vector<std::byte> got(512);
                for (int i = 0; i < 30; ++i) {
                    CHECK(co_await device.read(0, got));
                    order += name;
                }
            });
        }
        CHECK(co_await scope.join());
    }());
    CHECK(order.size() == 60);
    CHECK(order.find(std::string(10, 'a')) == std::string::npos);
    CHECK(order.find(std::string(10, 'b')) == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture,
                  "requests outside the device or its sectors are refused before the driver sees them") {
    run([&]() -> Task<> {
        std::vector<std::byte> bytes(1024);
        const std::span all(bytes);
        CHECK((co_await device.read(1, all.first(512))).error().code == ErrorCode::kInvalid);
        CHECK((co_await device.read(0, all.first(511))).error().code == ErrorCode::kInvalid);
        CHECK((co_await device.read(65536, all.first(512))).error().code == ErrorCode::kOutOfRange);
        CHECK((co_await device.write(65024, all)).error().code == ErrorCode::kOutOfRange);
        CHECK((co_await device.write(~std::uint64_t{511}, all)).error().code == ErrorCode::kOutOfRange);
        CHECK((co_await device.discard(512, ~std::uint64_t{511})).error().code == ErrorCode::kOutOfRange);
        CHECK(co_await device.read(65536, all.first(0)));
        CHECK(co_await device.discard(0, 0));
        driver->shape.read_only = true;
        CHECK((co_await device.write(0, all)).error().code == ErrorCode::kReadOnly);
        CHECK((co_await device.discard(0, 512)).error().code == ErrorCode::kReadOnly);
        CHECK((co_await device.write_zeroes(0, 512)).error().code == ErrorCode::kReadOnly);
        driver->shape.read_only = false;
        driver->shape.discards = false;
        CHECK((co_await device.discard(0, 512)).error().code == ErrorCode::kUnsupported);
    }());
    CHECK(driver->log.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "flush, discard and zeroes reach the driver; zeroes are written where it has none") {
    driver->memory = pattern(65536);
    run([&]() -> Task<> {
        CHECK(co_await device.flush());
        CHECK(co_await device.discard(0, 512));
        CHECK(co_await device.write_zeroes(512, 512));
        driver->shape.writes_zeroes = false;
        CHECK(co_await device.write_zeroes(1024, 5120));
    }());
    CHECK(driver->log == Kinds{BlockOperation::kFlush, BlockOperation::kDiscard, BlockOperation::kWriteZeroes,
                               BlockOperation::kWrite, BlockOperation::kWrite});
    CHECK(std::all_of(driver->memory.begin(), driver->memory.begin() + 6144,
                      [](std::byte byte) { return byte == std::byte{0}; }));
    CHECK(driver->memory[6144] == pattern(65536)[6144]);
}

TEST_CASE_FIXTURE(Fixture, "many requests are in flight together, told to the device in one go") {
    answers_per_wait = 1000;
    run([&]() -> Task<> {
        Scope scope;
        std::vector<std::byte> bytes(512);
        for (std::uint64_t i = 0; i < 32; ++i) {
            scope.start([&, i]() -> Task<> { CHECK(co_await device.write(i * 512, bytes)); });
        }
        CHECK(co_await scope.join());
    }());
    CHECK(driver->most_jobs == 32);
    CHECK(driver->kicks == 1);
}

TEST_CASE_FIXTURE(Fixture, "a driver that is full gets the rest later") {
    driver->room = 2;
    run([&]() -> Task<> {
        Scope scope;
        const auto content = pattern(16384);
        scope.start([&]() -> Task<> { CHECK(co_await device.write(0, content)); });
        scope.start([&]() -> Task<> { CHECK(co_await device.write(16384, content)); });
        CHECK(co_await scope.join());
        CHECK(std::equal(content.begin(), content.end(), driver->memory.begin() + 16384));
    }());
    CHECK(driver->most_jobs == 2);
    CHECK(driver->log.size() == 8);
}

TEST_CASE_FIXTURE(Fixture, "an error is the request's, and what is left of it is not sent") {
    driver->room = 1;
    driver->outcome = fail(ErrorCode::kNoSpace);
    run([&]() -> Task<> {
        const auto content = pattern(16384);
        CHECK((co_await device.write(0, content)).error().code == ErrorCode::kNoSpace);
        driver->outcome = {};
        CHECK(co_await device.write(0, content));
    }());
    CHECK(driver->log.size() == 1 + 4);
}

TEST_CASE_FIXTURE(Fixture, "a cancelled read is forgotten; the device never writes to the task's memory") {
    run([&]() -> Task<> {
        driver->memory = pattern(65536);
        auto bytes = std::make_unique<std::byte[]>(8192);
        {
            Scope scope;
            scope.start([&]() -> Task<> {
                (void)co_await device.read(0, MutableBytes(bytes.get(), 8192));
                FAIL("it was cancelled");
            });
            co_await yield();
            co_await yield();
            CHECK(driver->jobs.size() == 2);
        }
        bytes.reset();  // a write there is what AddressSanitizer would report
        std::vector<std::byte> got(512);
        CHECK(co_await device.read(512, got));
        CHECK(std::equal(got.begin(), got.end(), driver->memory.begin() + 512));
    }());
    CHECK(driver->jobs.empty());
}

TEST_CASE_FIXTURE(Fixture, "a request that waits for room can be cancelled too") {
    driver->room = 0;
    answers_per_wait = 0;  // time passes
    run([&]() -> Task<> {
        std::vector<std::byte> bytes(512);
        const auto write = [&]() -> Task<Result<>> { co_return co_await device.write(0, bytes); };
        const Result<> late = co_await with_timeout(Duration::milliseconds(1), write());
        CHECK(late.error().code == ErrorCode::kTimedOut);
        driver->room = answers_per_wait = 1;
        CHECK(co_await device.flush());
    }());
    CHECK(driver->log == Kinds{BlockOperation::kFlush});
}

TEST_CASE_FIXTURE(Fixture, "buffers are bounded") {
    driver->shape.longest_transfer = std::uint64_t{2} << 20;
    driver->shape.size = std::uint64_t{64} << 20;
    driver->memory.resize(driver->shape.size);
    run([&]() -> Task<> {
        std::vector<std::byte> bytes(std::size_t{12} << 20);
        CHECK(co_await device.write(0, bytes));
    }());
    CHECK(driver->most_jobs == 2);
}

}  // namespace holm

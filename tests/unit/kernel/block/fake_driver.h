#pragma once

// A block device in memory that answers when the test says so.

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include "kernel/drivers/block/block_driver.h"

namespace holm::test {

class FakeBlockDriver final : public drivers::BlockDriver {
  public:
    explicit FakeBlockDriver(std::uint64_t size) : memory(size) {
        shape.size = size;
        shape.sector_size = 512;
        shape.discards = shape.writes_zeroes = true;
        shape.longest_transfer = 4096;
        shape.longest_range = 65536;
    }

    const drivers::BlockGeometry& geometry() const override { return shape; }

    std::size_t read_at_once(std::uint64_t offset, std::span<const MutableBytes> pieces) override {
        std::size_t done = 0;
        for (const MutableBytes piece : pieces) {
            const std::size_t now = std::min(piece.size(), at_once - std::min(at_once, done));
            std::memcpy(piece.data(), memory.data() + offset + done, now);
            done += now;
        }
        return done;
    }
    bool submit(drivers::BlockJob& job) override {
        if (jobs.size() == room) return false;
        jobs.push_back(&job);
        most_jobs = std::max(most_jobs, jobs.size());
        log.push_back(job.operation);
        return true;
    }
    void kick() override { ++kicks; }
    unsigned reap(drivers::BlockSink& sink) override {
        unsigned count = 0;
        while (answers > 0 && !jobs.empty()) {
            --answers;
            drivers::BlockJob& job = *jobs.front();
            jobs.pop_front();
            perform(job);
            sink.finished(job);
            ++count;
        }
        return count;
    }
    platform::Readiness readiness() override {
        platform::Readiness readiness;
        readiness.handle = 7;
        readiness.want_readable = true;
        return readiness;
    }

    std::vector<std::byte> memory;
    drivers::BlockGeometry shape;
    std::size_t room = 1000;  // jobs
    std::size_t at_once = 0;  // bytes that a read gets without waiting
    std::size_t answers = 0;  // jobs that will be done
    Result<> outcome;         // of those
    std::deque<drivers::BlockJob*> jobs;
    std::vector<drivers::BlockOperation> log;
    std::size_t most_jobs = 0;
    int kicks = 0;

  private:
    void perform(drivers::BlockJob& job) {
        job.outcome = outcome;
        if (!outcome) return;
        std::byte* const at = memory.data() + job.offset;
        switch (job.operation) {
            case drivers::BlockOperation::kRead:
                std::memcpy(job.buffer, at, job.size);
                break;
            case drivers::BlockOperation::kWrite:
                std::memcpy(at, job.buffer, job.size);
                break;
            case drivers::BlockOperation::kWriteZeroes:
            case drivers::BlockOperation::kDiscard:
                std::memset(at, 0, job.size);
                break;
            case drivers::BlockOperation::kFlush:
                break;
        }
    }
};

}  // namespace holm::test

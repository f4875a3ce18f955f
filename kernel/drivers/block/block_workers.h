#pragma once

// The threads of an instance that do what may block (process platform), so that the core never waits for a
// disk. The core hands jobs over through a ring and gets them back through a list; a thread that has nothing
// to do sleeps in a read of the eventfd `wake`, a core that waits for jobs sleeps in ppoll on `done`. Whoever
// is awake is told through memory alone: a busy device costs no system calls but its own.
//
// One core uses it, through submit(), kick(), reap() and readiness(); each thread runs work_once() again and
// again and touches nothing else of the core's.

#include <array>
#include <atomic>
#include <cstdint>

#include "abi/boot_info.h"
#include "kernel/drivers/block/block_driver.h"
#include "kernel/platform/process/gate.h"

namespace holm::drivers {

class FileDevice;

class BlockWorkers {
  public:
    static constexpr std::uint32_t kMostJobs = 64;  // in flight, of all devices

    BlockWorkers(const platform::Gate& gate, const holm_boot_workers& boot)
        : gate_(gate), wake_(boot.wake), done_(boot.done), sleepers_(boot.count) {}
    BlockWorkers(const BlockWorkers&) = delete;
    BlockWorkers& operator=(const BlockWorkers&) = delete;

    // False when kMostJobs are in flight.
    bool submit(FileDevice& device, BlockJob& job);
    void kick();
    unsigned reap(BlockSink& sink);
    platform::Readiness readiness();
    std::uint32_t in_flight() const { return in_flight_; }

    // In a thread: does one job, or sleeps until there may be one.
    void work_once();

  private:
    struct Entry {
        std::atomic<FileDevice*> device;
        std::atomic<BlockJob*> job;
    };

    bool take(FileDevice*& device, BlockJob*& job);
    bool take_back_sleep();
    void finish(BlockJob& job);
    void drain_done();

    platform::Gate gate_;
    std::int32_t wake_;
    std::int32_t done_;

    // From the core to the threads. There are never more jobs than entries, so none is overwritten unread.
    std::array<Entry, kMostJobs> ring_{};
    std::atomic<std::uint32_t> tail_ = 0;  // jobs ever put in
    std::atomic<std::uint32_t> head_ = 0;  // jobs ever taken out
    // Threads that read `wake`, or are about to, and were not woken yet. Those of the tender begin that way.
    std::atomic<std::uint32_t> sleepers_;

    // From the threads to the core.
    std::atomic<BlockJob*> finished_ = nullptr;  // newest first
    std::atomic<bool> core_sleeps_ = false;      // whoever finishes a job next shall write `done`

    // The core's own.
    std::uint32_t in_flight_ = 0;
    std::uint32_t submitted_ = 0;   // since the last kick()
    bool sleep_announced_ = false;  // core_sleeps_ was set and has not been looked at since
    bool done_is_set_ = false;      // somebody has written `done` or is about to
};

}  // namespace holm::drivers

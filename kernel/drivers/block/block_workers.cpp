#include "kernel/drivers/block/block_workers.h"

#include <algorithm>
#include <cstddef>

#include "kernel/drivers/block/file_device.h"

namespace holm::drivers {

bool BlockWorkers::submit(FileDevice& device, BlockJob& job) {
    if (in_flight_ == kMostJobs) return false;
    ++in_flight_;
    ++submitted_;
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    Entry& entry = ring_[tail % kMostJobs];
    entry.device.store(&device, std::memory_order_relaxed);
    entry.job.store(&job, std::memory_order_relaxed);
    // Sequentially consistent, as sleepers_ is: either the core sees a thread that is about to sleep, or the
    // thread sees the job.
    tail_.store(tail + 1, std::memory_order_seq_cst);
    return true;
}

void BlockWorkers::kick() {
    std::uint64_t woken = 0;
    std::uint32_t sleeping = sleepers_.load(std::memory_order_seq_cst);
    while (woken < submitted_ && sleeping > 0) {
        if (!sleepers_.compare_exchange_weak(sleeping, sleeping - 1)) continue;
        ++woken;
        --sleeping;
    }
    submitted_ = 0;
    if (woken != 0) gate_.write(wake_, std::as_bytes(std::span(&woken, 1)));
}

bool BlockWorkers::take(FileDevice*& device, BlockJob*& job) {
    std::uint32_t head = head_.load(std::memory_order_relaxed);
    for (;;) {
        if (head == tail_.load(std::memory_order_seq_cst)) return false;
        const Entry& entry = ring_[head % kMostJobs];
        device = entry.device.load(std::memory_order_relaxed);
        job = entry.job.load(std::memory_order_relaxed);
        // What was read is the entry's only if nobody else took it meanwhile.
        if (head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel)) return true;
    }
}

// True if nobody has been told yet to wake this thread.
bool BlockWorkers::take_back_sleep() {
    std::uint32_t sleeping = sleepers_.load();
    while (sleeping > 0)
        if (sleepers_.compare_exchange_weak(sleeping, sleeping - 1)) return true;
    return false;
}

void BlockWorkers::work_once() {
    FileDevice* device = nullptr;
    BlockJob* job = nullptr;
    if (!take(device, job)) {
        sleepers_.fetch_add(1, std::memory_order_seq_cst);
        const bool found = take(device, job);
        if (!found || !take_back_sleep()) {
            std::uint64_t one = 0;
            gate_.read(wake_, std::as_writable_bytes(std::span(&one, 1)));
        }
        if (!found) return;
    }
    device->perform(*job);
    finish(*job);
}

void BlockWorkers::finish(BlockJob& job) {
    BlockJob* newest = finished_.load(std::memory_order_relaxed);
    do {
        job.next = newest;
    } while (!finished_.compare_exchange_weak(newest, &job, std::memory_order_seq_cst));
    if (!core_sleeps_.exchange(false, std::memory_order_seq_cst)) return;
    const std::uint64_t one = 1;
    gate_.write(done_, std::as_bytes(std::span(&one, 1)));
}

void BlockWorkers::drain_done() {
    if (sleep_announced_) {
        sleep_announced_ = false;
        // Somebody else has looked at it: that one writes.
        if (!core_sleeps_.exchange(false)) done_is_set_ = true;
    }
    if (!done_is_set_) return;
    std::uint64_t count = 0;
    done_is_set_ = gate_.read(done_, std::as_writable_bytes(std::span(&count, 1))) != sizeof count;
}

unsigned BlockWorkers::reap(BlockSink& sink) {
    if (in_flight_ == 0 && !done_is_set_ && !sleep_announced_) return 0;
    drain_done();
    BlockJob* newest = finished_.exchange(nullptr, std::memory_order_acquire);
    BlockJob* oldest = nullptr;
    while (newest) {
        BlockJob* const next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    unsigned count = 0;
    while (oldest) {
        BlockJob& job = *oldest;
        oldest = job.next;
        --in_flight_;
        ++count;
        sink.finished(job);
    }
    return count;
}

platform::Readiness BlockWorkers::readiness() {
    platform::Readiness readiness;
    if (in_flight_ == 0) return readiness;
    readiness.handle = done_;
    readiness.want_readable = true;
    if (sleep_announced_) return readiness;  // another device has asked in this round
    sleep_announced_ = true;
    core_sleeps_.store(true, std::memory_order_seq_cst);
    // A job that was finished just before nobody will announce.
    if (finished_.load(std::memory_order_seq_cst) && core_sleeps_.exchange(false)) {
        const std::uint64_t one = 1;
        gate_.write(done_, std::as_bytes(std::span(&one, 1)));
        done_is_set_ = true;
        sleep_announced_ = false;
    }
    return readiness;
}

}  // namespace holm::drivers

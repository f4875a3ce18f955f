#pragma once

// A block device for tasks: its queue on one core. `co_await device.read(offset, bytes)` is a Result<>.
//
// Requests that are in flight together are carried out in any order; a task that needs an order awaits one
// before it asks for the next. What is not read at once goes through a buffer of the queue's own, so a task
// may be cancelled at any time: the device never touches the task's memory later. A write that is cancelled
// has happened in part, wholly or not at all.

#include <coroutine>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "kernel/block/pieces.h"
#include "kernel/drivers/block/block_driver.h"
#include "kernel/task/executor.h"
#include "kernel/task/poller.h"
#include "kernel/task/waiter.h"

namespace holm {

class BlockDevice final : private Poller, private drivers::BlockSink {
  public:
    class Operation;

    // Requests are split into jobs; of these so many are in flight at most, with so much memory between them.
    static constexpr unsigned kMostJobs = 64;
    static constexpr std::uint64_t kMostBuffered = std::uint64_t{4} << 20;  // bytes

    // `name` must stay where it is. The core's executor polls the device from now on.
    BlockDevice(std::string_view name, std::unique_ptr<drivers::BlockDriver> driver);
    BlockDevice(const BlockDevice&) = delete;
    BlockDevice& operator=(const BlockDevice&) = delete;
    // Precondition: no operation waits, and no job is in flight.
    ~BlockDevice();

    std::string_view name() const { return name_; }
    std::uint64_t size() const { return geometry().size; }  // bytes
    std::uint32_t sector_size() const { return geometry().sector_size; }
    bool read_only() const { return geometry().read_only; }
    bool discards() const { return geometry().discards; }

    // Offsets and sizes are bytes, multiples of sector_size(); a size may be 0. The memory must stay until
    // the awaiting is over. Errors of all: kInvalid (not a multiple), kOutOfRange (past the end of the
    // device), kInputOutput, kOutOfMemory; of those that write: kReadOnly, kNoSpace (the host's disk is
    // full).
    Operation read(std::uint64_t offset, MutableBytes into);
    Operation write(std::uint64_t offset, Bytes from);
    // The same from and to memory in pieces, whose sizes need no alignment, only their sum. The array must
    // stay until the awaiting is over, too.
    Operation read(std::uint64_t offset, std::span<const MutableBytes> into);
    Operation write(std::uint64_t offset, std::span<const MutableBytes> from);

    // All writes that were over before this began survive a loss of power.
    Operation flush();
    // The contents are not needed any more: the host may free what lies behind them. Reading there gives
    // anything. Error: kUnsupported.
    Operation discard(std::uint64_t offset, std::uint64_t size);
    // Reading there gives zeroes from now on. Cheaper than writing them where the device can do it itself.
    Operation write_zeroes(std::uint64_t offset, std::uint64_t size);

  private:
    friend class Operation;
    struct Job;
    struct QueueTag;

    const drivers::BlockGeometry& geometry() const { return geometry_; }

    bool receive(Instant now) override;
    void transmit(Instant now) override;
    Instant next_deadline() override { return Instant::never(); }
    platform::Readiness readiness() override;
    void finished(drivers::BlockJob& job) override;

    // Whether the running task may do one more thing at once, or shall give others their turn first.
    bool may_go_on();
    bool issue(Operation& operation);
    void complete(Job& job);
    void forget(Operation& operation);

    std::string_view name_;
    std::unique_ptr<drivers::BlockDriver> driver_;
    const drivers::BlockGeometry& geometry_;      // the driver's
    IntrusiveList<Operation, QueueTag> waiting_;  // with something left to submit
    IntrusiveList<Job> jobs_;                     // in flight
    unsigned job_count_ = 0;
    std::uint64_t buffered_ = 0;  // bytes
    std::uint64_t turn_ = 0;      // Executor::progress() when the running task was resumed
    unsigned in_turn_ = 0;        // what it has done at once since
};

// One request, from co_await to its result.
class [[nodiscard]] BlockDevice::Operation final : public Waiter, public ListHook<QueueTag> {
  public:
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    ~Operation() {
        if (in_flight_ != 0) device_.forget(*this);
    }

    bool await_ready() { return is_over() || (device_.may_go_on() && read_at_once()); }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        handle_ = handle;
        if constexpr (requires { handle.promise().root(); }) set_root(handle.promise().root());
        if (tried_) {
            device_.waiting_.push_back(*this);
        } else {
            executor().post(*this);
        }
    }
    Result<> await_resume() const { return outcome_; }

  private:
    friend class BlockDevice;
    using Kind = drivers::BlockOperation;

    Operation(BlockDevice& device, Kind kind, std::uint64_t offset, std::uint64_t size,
              std::span<const MutableBytes> pieces);
    Operation(BlockDevice& device, Kind kind, std::uint64_t offset, MutableBytes piece);

    static void go_on(Waiter& self);
    Result<> check() const;
    std::span<const MutableBytes> pieces() const { return pieces_.data() ? pieces_ : std::span(&piece_, 1); }
    // All is done or will not be done.
    bool is_over() const { return in_flight_ == 0 && (submitted_ || !outcome_); }
    bool read_at_once();

    BlockDevice& device_;
    std::uint64_t offset_;
    std::uint64_t size_;
    std::uint64_t begun_ = 0;  // bytes that are read, or submitted
    MutableBytes piece_;       // if there is one alone
    std::span<const MutableBytes> pieces_;
    std::coroutine_handle<> handle_;
    Result<> outcome_;
    std::uint32_t in_flight_ = 0;  // jobs
    Kind kind_;
    bool submitted_ = false;  // nothing is left to submit
    bool tried_ = false;      // read_at_once() has been called
};

inline BlockDevice::Operation BlockDevice::read(std::uint64_t offset, MutableBytes into) {
    return {*this, drivers::BlockOperation::kRead, offset, into};
}
inline BlockDevice::Operation BlockDevice::write(std::uint64_t offset, Bytes from) {
    // Only ever read from.
    return {*this, drivers::BlockOperation::kWrite, offset,
            MutableBytes(const_cast<std::byte*>(from.data()), from.size())};
}
inline BlockDevice::Operation BlockDevice::read(std::uint64_t offset, std::span<const MutableBytes> into) {
    return {*this, drivers::BlockOperation::kRead, offset, size_of(into), into};
}
inline BlockDevice::Operation BlockDevice::write(std::uint64_t offset, std::span<const MutableBytes> from) {
    return {*this, drivers::BlockOperation::kWrite, offset, size_of(from), from};
}
inline BlockDevice::Operation BlockDevice::flush() {
    return {*this, drivers::BlockOperation::kFlush, 0, 0, {}};
}
inline BlockDevice::Operation BlockDevice::discard(std::uint64_t offset, std::uint64_t size) {
    return {*this, drivers::BlockOperation::kDiscard, offset, size, {}};
}
inline BlockDevice::Operation BlockDevice::write_zeroes(std::uint64_t offset, std::uint64_t size) {
    return {*this, drivers::BlockOperation::kWriteZeroes, offset, size, {}};
}

}  // namespace holm

#pragma once

// What the library OS asks of a driver for a block device. Requests are jobs, several of them in flight; a
// job and its buffer belong to the driver from submit() until finished(), whatever becomes of the task that
// asked for it, so a device never reads or writes memory that was given back.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "kernel/platform/platform.h"

namespace holm::drivers {

struct BlockGeometry {
    std::uint64_t size = 0;  // bytes, a multiple of sector_size
    std::uint32_t sector_size =
        0;  // bytes: 512 or 4096, a power of two; what is read or written begins and ends at a multiple
    bool read_only = false;
    bool discards = false;               // otherwise kDiscard is never submitted
    bool writes_zeroes = false;          // otherwise kWriteZeroes is never submitted
    std::uint64_t longest_transfer = 0;  // bytes that one kRead or kWrite may have, a multiple of sector_size
    std::uint64_t longest_range = 0;     // the same for kDiscard and kWriteZeroes
};

enum class BlockOperation : std::uint8_t {
    kRead,
    kWrite,
    kFlush,        // all that was written before survives a loss of power; offset and buffer are unused
    kDiscard,      // the contents are not needed any more; what is read from there afterwards is anything
    kWriteZeroes,  // what is read from there afterwards is zero
};

struct BlockJob {
    BlockOperation operation = BlockOperation::kRead;
    std::uint64_t offset = 0;     // bytes
    std::uint64_t size = 0;       // bytes
    std::byte* buffer = nullptr;  // `size` bytes, for kRead and kWrite
    Result<> outcome;             // set by the driver before finished()
    // Set by the driver, too: the device may still write to the buffer, so it must never be used again.
    bool abandoned = false;

    BlockJob* next = nullptr;  // for lists of the driver
};

// Who is told that a job is done, and takes it back.
class BlockSink {
  public:
    virtual void finished(BlockJob& job) = 0;

  protected:
    ~BlockSink() = default;
};

class BlockDriver {
  public:
    virtual ~BlockDriver() = default;

    // Stays where it is, and as it is.
    virtual const BlockGeometry& geometry() const = 0;

    // Reads into `pieces` what can be had without waiting, from `offset` on, directly; returns how many
    // bytes. 0 when there is nothing, or no such shortcut: the rest is for a job.
    virtual std::size_t read_at_once(std::uint64_t offset, std::span<const MutableBytes> pieces) = 0;

    // Takes a job that keeps to the geometry; false when there is no room before another one is finished.
    virtual bool submit(BlockJob& job) = 0;

    // To be called after the last submit() of a round: tells the device.
    virtual void kick() = 0;

    // Hands over the jobs that are done; returns how many.
    virtual unsigned reap(BlockSink& sink) = 0;

    // What to wait for while jobs are in flight.
    virtual platform::Readiness readiness() = 0;
};

}  // namespace holm::drivers

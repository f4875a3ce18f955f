#pragma once

// A block device of the process platform: a file of the host's, or one of its block devices, that the tender
// has opened. What the host has in memory is read at once; all else is for the threads.

#include <sys/uio.h>

#include "kernel/drivers/block/block_driver.h"
#include "kernel/drivers/block/block_workers.h"

namespace holm::drivers {

class FileDevice final : public BlockDriver {
  public:
    // Long enough that handing over a job costs little beside the copying, short enough that several threads
    // share a large request.
    static constexpr std::uint64_t kLongestTransfer = std::uint64_t{256} * 1024;
    static constexpr std::uint64_t kLongestRange = std::uint64_t{1} << 30;

    FileDevice(const platform::Gate& gate, std::int32_t handle, const BlockGeometry& geometry,
               BlockWorkers& workers)
        : gate_(gate), handle_(handle), geometry_(geometry), workers_(workers) {
        geometry_.discards = geometry_.writes_zeroes = !geometry.read_only;
        geometry_.longest_transfer = kLongestTransfer;
        geometry_.longest_range = kLongestRange;
    }

    const BlockGeometry& geometry() const override { return geometry_; }
    std::size_t read_at_once(std::uint64_t offset, std::span<const MutableBytes> pieces) override;
    bool submit(BlockJob& job) override { return workers_.submit(*this, job); }
    void kick() override { workers_.kick(); }
    // Jobs of all devices that share the threads.
    unsigned reap(BlockSink& sink) override { return workers_.reap(sink); }
    platform::Readiness readiness() override { return workers_.readiness(); }

    // In a thread: does the job, waiting as long as it takes, and sets its outcome.
    void perform(BlockJob& job) const;

  private:
    long read_now(std::uint64_t offset, std::span<const iovec> pieces);
    Result<> read(const BlockJob& job) const;
    Result<> write(Bytes bytes, std::uint64_t offset) const;
    Result<> write_zeroes(std::uint64_t offset, std::uint64_t size) const;

    platform::Gate gate_;
    std::int32_t handle_;
    BlockGeometry geometry_;
    BlockWorkers& workers_;
    bool reads_at_once_ = true;  // the host's file system can say that it would have to wait
};

}  // namespace holm::drivers

#pragma once

// A block device (devices/block_device.h) among those of a virtual machine: served by threads of its own
// behind an ioeventfd, so neither a doorbell nor a disk stops the processor.

#include "tender/devices/block_device.h"
#include "tender/vm/devices.h"

namespace holm::tender {

class BlockServer final : public Device {
  public:
    // Enough for a flush not to hold up reads; each costs two pages.
    static constexpr unsigned kThreads = 3;

    // `device` has its queue (queues.h); the tender has its ring at `ring`.
    BlockServer(const holm_boot_device& device, std::byte* ring, const BusMemory& memory);

    // Makes a store to the doorbell at this physical address wake a thread without an exit to the tender.
    void connect_doorbell(int machine, std::uint64_t physical) const;

    // Starts the threads, each behind a filter of its own. All that the tender gives up it has given up by
    // now.
    void start();

    bool serve() override { return block_.take_news(); }
    void ring(unsigned) override { block_.ring(); }
    pollfd watch() const override { return {.fd = block_.news_descriptor(), .events = POLLIN, .revents = 0}; }
    const char* fault() const override { return block_.broken(); }

    const BlockDevice::Handles& handles() const { return block_.handles(); }

  private:
    [[noreturn]] void run();

    BlockDevice block_;
};

// What the guest is told the device can do.
void describe_block_features(holm_boot_block& block);

}  // namespace holm::tender

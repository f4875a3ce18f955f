#pragma once

// What the drivers for a device behind a descriptor of the process platform share: the way to it, and what to
// wait for.

#include "kernel/drivers/net/net_driver.h"
#include "kernel/platform/process/gate.h"

namespace holm::drivers {

class DescriptorDriver : public NetDriver {
  public:
    platform::Readiness readiness() final {
        platform::Readiness readiness;
        if (gone_) return readiness;
        readiness.handle = handle_;
        readiness.want_readable = true;
        readiness.want_writable = full_;
        return readiness;
    }
    bool gone() const final { return gone_; }

  protected:
    DescriptorDriver(const platform::Gate& gate, std::int32_t handle) : gate_(gate), handle_(handle) {}

    platform::Gate gate_;
    std::int32_t handle_;
    bool full_ = false;  // transmit() has just said kFull
    bool gone_ = false;
};

}  // namespace holm::drivers

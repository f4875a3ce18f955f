#include "kernel/platform/virtio/pv_clock.h"

#include <atomic>
#include <cstring>

namespace holm::platform {

bool read_pv_clock(const volatile PvClock& shared, PvClock& copy) {
    constexpr int kAttempts = 1000;
    for (int i = 0; i < kAttempts; ++i) {
        const std::uint32_t version = shared.version;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        std::memcpy(&copy, const_cast<const PvClock*>(&shared), sizeof copy);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (version != 0 && (version & 1) == 0 && shared.version == version) return true;
    }
    return false;
}

}  // namespace holm::platform

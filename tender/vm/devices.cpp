#include "tender/vm/devices.h"

namespace holm::tender {

bool Devices::serve() {
    bool something = false;
    for (Device* const device : devices_)
        if (device != nullptr && device->serve()) something = true;
    return something;
}

bool Devices::ring(std::uint64_t offset) {
    const std::uint64_t number = offset / 8;
    if (offset % 8 != 0 || number >= HOLM_MAX_DEVICES * HOLM_MAX_QUEUES) return false;
    Device* const device = devices_[number / HOLM_MAX_QUEUES];
    if (device == nullptr) return false;
    device->ring(static_cast<unsigned>(number % HOLM_MAX_QUEUES));
    return true;
}

Devices::Fault Devices::fault() const {
    for (std::size_t i = 0; i < devices_.size(); i++)
        if (devices_[i] != nullptr && devices_[i]->fault() != nullptr) return {i, devices_[i]->fault()};
    return {};
}

std::size_t Devices::watch(std::span<pollfd, HOLM_MAX_DEVICES> polled) const {
    std::size_t count = 0;
    for (const Device* const device : devices_) {
        if (device == nullptr) continue;
        const pollfd one = device->watch();
        if (one.fd >= 0) polled[count++] = one;
    }
    return count;
}

}  // namespace holm::tender

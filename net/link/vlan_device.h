#pragma once

// One VLAN of a trunk (IEEE 802.1Q) as a device of its own: frames leave through the trunk's device with a
// tag behind their MAC addresses. Frames that arrive with the tag are stripped of it by the stack.

#include <array>

#include "net/frame.h"

namespace holm::net::link {

class VlanDevice final : public LinkDevice {
  public:
    static constexpr std::size_t kTagSize = 4;
    static constexpr std::uint16_t kMaximumId = 4094;  // 0 is no VLAN, 4095 is reserved

    // The trunk outlives this. Precondition: 1 <= id <= kMaximumId.
    VlanDevice(LinkDevice& trunk, std::uint16_t id) : trunk_(trunk), id_(id) {}
    std::uint16_t id() const { return id_; }

    TransmitResult transmit(const OutgoingFrame& frame) override;
    // The trunk's: an MTU counts the bytes of an IP packet, and switches take a tag beyond it.
    DeviceCapabilities capabilities() const override { return trunk_.capabilities(); }

  private:
    LinkDevice& trunk_;
    std::uint16_t id_;
};

}  // namespace holm::net::link

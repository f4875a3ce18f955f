#pragma once

// One network device of the instance: its driver, and the interface of the stack that it belongs to.

#include <memory>

#include "kernel/drivers/net/net_driver.h"
#include "kernel/task/poller.h"
#include "net/stack.h"

namespace holm {

class Port final : public Poller, private drivers::FrameSink {
  public:
    // `name` outlives the port: it lies in the boot info.
    Port(net::Stack& stack, std::unique_ptr<drivers::NetDriver> driver, const char* name)
        : stack_(stack), driver_(std::move(driver)), name_(name) {}

    drivers::NetDriver& driver() { return *driver_; }
    const char* name() const { return name_; }
    // The one with addresses: that of the device, or that of a VLAN on it.
    net::Interface& interface() { return *interface_; }
    bool has_interface() const { return interface_ != nullptr; }
    void set_interface(net::Interface& device, net::Interface& interface) {
        device_interface_ = &device;
        interface_ = &interface;
    }

    bool receive(Instant now) override;
    // Only what the driver has kept: the network calls the stack when all ports have had their turn.
    void transmit(Instant now) override;
    Instant next_deadline() override { return Instant::never(); }
    platform::Readiness readiness() override { return driver_->readiness(); }

  private:
    void receive(const net::ReceivedFrame& frame) override { receive_burst({&frame, 1}); }
    void receive_burst(std::span<const net::ReceivedFrame> frames) override {
        stack_.receive(received_at_, *device_interface_, frames);
    }
    void report_if_gone();

    net::Stack& stack_;
    std::unique_ptr<drivers::NetDriver> driver_;
    const char* name_;
    net::Interface* device_interface_ = nullptr;
    net::Interface* interface_ = nullptr;
    Instant received_at_;
    bool reported_ = false;
};

}  // namespace holm

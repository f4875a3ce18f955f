#pragma once

// The first serial port, a 16550: the console, and a byte of 3 (Ctrl-C) coming in is a stop request.

#include "base/bytes.h"
#include "kernel/platform/virtio/x86_64/ports.h"

namespace holm::platform {

class SerialPort {
  public:
    static constexpr std::uint8_t kStopByte = 3;

    // Where there is none, nothing happens. Each access is an exit of the machine's, so what only waiting
    // needs is left to enable_receive_interrupt().
    void start();
    bool present() const { return present_; }
    // What it is used through; none where there is no port.
    PortRange ports() const;

    void write(Bytes text);
    // Interrupts for what comes in, through the interrupt controller's input 4.
    void enable_receive_interrupt();
    // Reads all that came in; true if a stop byte was among it.
    bool read_stop_request();

  private:
    bool present_ = false;
    std::size_t room_ = 0;  // bytes that the port is known to take
};

}  // namespace holm::platform

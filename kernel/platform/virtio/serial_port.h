#pragma once

// The first serial port, a 16550: the console, and a byte of 3 (Ctrl-C) coming in is a stop request.

#include "base/bytes.h"

namespace holm::platform {

class SerialPort {
  public:
    static constexpr std::uint8_t kStopByte = 3;

    // Where there is none, nothing happens.
    void start();
    bool present() const { return present_; }

    void write(Bytes text);
    // Interrupts for what comes in, through the interrupt controller's input 4.
    void enable_receive_interrupt();
    // Reads all that came in; true if a stop byte was among it.
    bool read_stop_request();

  private:
    bool present_ = false;
};

}  // namespace holm::platform

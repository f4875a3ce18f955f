#include "kernel/platform/virtio/serial_port.h"

#include <algorithm>

namespace holm::platform {
namespace {

constexpr std::uint16_t kBase = 0x3f8;
constexpr std::uint16_t kData = kBase;
constexpr std::uint16_t kInterruptEnable = kBase + 1;
constexpr std::uint16_t kFifoControl = kBase + 2;
constexpr std::uint16_t kLineControl = kBase + 3;
constexpr std::uint16_t kModemControl = kBase + 4;
constexpr std::uint16_t kLineStatus = kBase + 5;

constexpr std::uint8_t kDataReady = 1 << 0;
constexpr std::uint8_t kRoomInFifo = 1 << 5;
constexpr std::size_t kFifo = 16;

// A port that never has room is not worth the instance; what is lost then is text.
constexpr int kPatience = 1'000'000;
constexpr int kMostBytes = 256;  // that are read at a time

}  // namespace

void SerialPort::start() {
    const std::uint8_t status = in8(kLineStatus);
    present_ = status != 0xff;
    if (!present_) return;
    out8(kLineControl, 3);  // 8 bits, no parity, one stop bit; the speed is the VMM's affair
    out8(kFifoControl, 7);  // on, emptied
    if ((status & kRoomInFifo) != 0) room_ = kFifo;
}

PortRange SerialPort::ports() const {
    return {kBase, static_cast<std::uint16_t>(present_ ? 8 : 0)};
}

void SerialPort::write(Bytes text) {
    while (present_ && !text.empty()) {
        for (int patience = kPatience; room_ == 0;) {
            if ((in8(kLineStatus) & kRoomInFifo) != 0)
                room_ = kFifo;
            else if (--patience == 0)
                return;
        }
        const std::size_t size = std::min(text.size(), room_);
        room_ -= size;
        out8_each(kData, text.data(), size);
        text = text.subspan(size);
    }
}

void SerialPort::enable_receive_interrupt() {
    if (!present_) return;
    out8(kModemControl, 8);  // OUT2 lets interrupts through
    out8(kInterruptEnable, 1);
}

bool SerialPort::read_stop_request() {
    bool stop = false;
    for (int i = 0; present_ && i < kMostBytes && (in8(kLineStatus) & kDataReady) != 0; ++i)
        stop |= in8(kData) == kStopByte;
    return stop;
}

}  // namespace holm::platform

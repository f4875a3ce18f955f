#pragma once

#include <cstdint>

namespace holm::net::tcp {

// RFC 9293, section 3.3.2. (LISTEN is a Listener.)
enum class State : std::uint8_t {
    kSynSent,
    kSynReceived,
    kEstablished,
    kFinWait1,
    kFinWait2,
    kCloseWait,
    kClosing,
    kLastAck,
    kTimeWait,
    kClosed,
};

const char* name_of(State state);

}  // namespace holm::net::tcp

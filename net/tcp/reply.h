#pragma once

// Segments that belong to no connection: resets, SYN cookies, the last acknowledgments of TIME-WAIT. They
// wait in a bounded queue until transmit(); when it is full they are dropped, which the peer cannot tell from
// a lost packet.

#include <cstdint>

#include "base/instant.h"
#include "net/ip/output.h"
#include "net/tcp/options.h"
#include "net/tcp/sequence.h"
#include "net/tcp/table.h"

namespace holm::net::tcp {

struct Reply {
    FourTuple tuple;
    Seq sequence;
    Seq acknowledgment;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;  // as it goes into the header
    // SYN cookies: what the SYN-ACK offers. Of the others only the timestamps matter.
    std::uint16_t mss = 0;
    bool has_window_scale = false;
    std::uint8_t window_scale = 0;
    bool sack_permitted = false;
    bool has_timestamp = false;
    std::uint32_t timestamp_value = 0;
    std::uint32_t timestamp_echo = 0;
};

class ReplyQueue {
  public:
    static constexpr std::uint32_t kCapacity = 64;

    bool empty() const { return count_ == 0; }
    bool push(const Reply& reply);
    // Sends them in order; false: the device is full.
    bool transmit(Instant now, ip::IpOutput& output, std::uint64_t& sent);

  private:
    Reply ring_[kCapacity];
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace holm::net::tcp

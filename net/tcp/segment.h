#pragma once

// A received segment, parsed: what the state machine works on.

#include <cstdint>

#include "base/bytes.h"
#include "net/frame.h"
#include "net/tcp/options.h"
#include "net/tcp/sequence.h"
#include "net/wire/tcp.h"

namespace holm::net::tcp {

struct Segment {
    Seq sequence;
    Seq acknowledgment;
    std::uint16_t window = 0;  // as it lies in the header: not scaled
    std::uint8_t flags = 0;
    std::uint16_t segment_size = 0;       // see ip::Received
    bool congestion_experienced = false;  // CE: a router has marked the packet (RFC 3168)
    Options options;
    Bytes payload;
    BufferOwner* owner = nullptr;

    bool syn() const { return (flags & wire::kTcpSyn) != 0; }
    bool fin() const { return (flags & wire::kTcpFin) != 0; }
    bool rst() const { return (flags & wire::kTcpRst) != 0; }
    bool ack() const { return (flags & wire::kTcpAck) != 0; }
    bool ece() const { return (flags & wire::kTcpEce) != 0; }
    bool cwr() const { return (flags & wire::kTcpCwr) != 0; }
    bool push() const { return (flags & wire::kTcpPsh) != 0; }
    // SEG.LEN: SYN and FIN count.
    std::uint32_t length() const { return std::uint32_t(payload.size()) + (syn() ? 1 : 0) + (fin() ? 1 : 0); }
    Seq end() const { return sequence + length(); }
};

}  // namespace holm::net::tcp

#pragma once

// Builds the header of an outgoing segment.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "net/tcp/options.h"
#include "net/tcp/sequence.h"
#include "net/tcp/table.h"
#include "net/wire/tcp.h"

namespace holm::net::tcp {

struct HeaderFields {
    const FourTuple& tuple;
    Seq sequence;
    Seq acknowledgment;  // used with the ACK flag only
    std::uint8_t flags = 0;
    std::uint16_t window = 0;
};

class HeaderBuffer {
  public:
    // The header with its options; the checksum field is zero, IP fills it in.
    MutableBytes fill(const HeaderFields& fields, const Options& options);

  private:
    alignas(4) std::array<std::byte, wire::kTcpMaxHeader> bytes_;
};

}  // namespace holm::net::tcp

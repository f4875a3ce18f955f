#pragma once

// ICMP messages (RFC 792, RFC 1191): the 8-byte header that all of them share.

#include <cstdint>

#include "base/bytes.h"
#include "net/drop.h"

namespace holm::net::wire {

enum class Icmpv4Type : std::uint8_t {
    kEchoReply = 0,
    kUnreachable = 3,
    kSourceQuench = 4,
    kRedirect = 5,
    kEchoRequest = 8,
    kTimeExceeded = 11,
    kParameterProblem = 12,
};

// Codes of kUnreachable.
enum class Icmpv4Unreachable : std::uint8_t {
    kNetwork = 0,
    kHost = 1,
    kProtocol = 2,
    kPort = 3,
    kFragmentationNeeded = 4,
    kNetworkProhibited = 9,
    kHostProhibited = 10,
    kCommunicationProhibited = 13,
};

struct Icmpv4Header {
    static constexpr std::size_t kSize = 8;
    static constexpr std::uint16_t kChecksumOffset = 2;

    Icmpv4Type type = Icmpv4Type::kEchoReply;
    std::uint8_t code = 0;
    // Echo: identifier and sequence number. Fragmentation needed: `second` is the MTU of the next hop.
    std::uint16_t first = 0;
    std::uint16_t second = 0;

    bool is_error() const {
        return type == Icmpv4Type::kUnreachable || type == Icmpv4Type::kSourceQuench ||
               type == Icmpv4Type::kRedirect || type == Icmpv4Type::kTimeExceeded ||
               type == Icmpv4Type::kParameterProblem;
    }

    // Checks the length; the checksum covers the whole message and only if `verify` is set.
    static Parsed<Icmpv4Header> parse(Bytes message, bool verify);
    // The checksum is left zero. Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const;
};

}  // namespace holm::net::wire

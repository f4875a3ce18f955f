#pragma once

// ICMPv6 messages (RFC 4443): the 8-byte header that errors and echoes share. The checksum covers a pseudo
// header and is checked where the addresses are known.

#include <cstdint>

#include "base/bytes.h"
#include "base/network_order.h"
#include "net/drop.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

enum class Icmpv6Type : std::uint8_t {
    kUnreachable = 1,
    kPacketTooBig = 2,
    kTimeExceeded = 3,
    kParameterProblem = 4,
    kEchoRequest = 128,
    kEchoReply = 129,
    kMulticastQuery = 130,
    kMulticastReportV1 = 131,
    kRouterSolicitation = 133,
    kRouterAdvertisement = 134,
    kNeighborSolicitation = 135,
    kNeighborAdvertisement = 136,
    kRedirect = 137,
    kMulticastReportV2 = 143,
};

// Codes of kUnreachable.
enum class Icmpv6Unreachable : std::uint8_t {
    kNoRoute = 0,
    kProhibited = 1,
    kBeyondScope = 2,
    kAddress = 3,
    kPort = 4,
    kPolicy = 5,
    kReject = 6,
};

// Codes of kParameterProblem.
enum class Icmpv6Parameter : std::uint8_t {
    kErroneousField = 0,
    kUnrecognizedNextHeader = 1,
    kUnrecognizedOption = 2,
    kIncompleteChain = 3,  // RFC 7112
};

struct Icmpv6Header {
    static constexpr std::size_t kSize = 8;
    static constexpr std::uint16_t kChecksumOffset = 2;

    Icmpv6Type type = Icmpv6Type::kEchoReply;
    std::uint8_t code = 0;
    // Packet too big: the MTU. Parameter problem: the pointer. Echo: identifier and sequence number.
    std::uint32_t value = 0;

    // Types below 128 are errors, known or not (section 2.1).
    bool is_error() const { return (std::uint8_t(type) & 0x80) == 0; }

    static Parsed<Icmpv6Header> parse(Bytes message) {
        if (message.size() < kSize) return std::unexpected(Drop::kTruncated);
        const auto raw = load<Layout>(message);
        return Icmpv6Header{Icmpv6Type(raw.type), raw.code, raw.value};
    }
    // The checksum is left zero. Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const { store(bytes, Layout{std::uint8_t(type), code, 0, value}); }

  private:
    struct Layout {
        std::uint8_t type;
        std::uint8_t code;
        NetU16 checksum;
        NetU32 value;
    };
    static_assert(sizeof(Layout) == kSize);
};

}  // namespace holm::net::wire

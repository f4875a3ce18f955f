#pragma once

// The chain of extension headers between the IPv6 header and what it carries (RFC 8200, section 4). Walked
// once, with limits that RFC 8504, section 5.3 allows a host to have; beyond them the packet is dropped
// without a word, since nobody honest comes near.

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"
#include "net/drop.h"
#include "net/wire/ipv6.h"

namespace holm::net::wire {

struct ExtensionLimits {
    static constexpr std::size_t kHeaders = 8;  // in one packet
    static constexpr std::size_t kBytes = 512;  // of all of them together
    static constexpr std::size_t kOptions = 8;  // in one header, padding not counted
    static constexpr std::size_t kPadding = 7;  // bytes in a row
};

struct ExtensionChain {
    std::uint8_t protocol = kNoNextHeader;                              // what stands behind the chain
    std::uint16_t protocol_position = Ipv6Header::kNextHeaderPosition;  // of the byte that says so
    std::size_t end = 0;  // where that begins, from the start of the IPv6 header
    // Set: the chain ends with a fragment header that belongs to a real fragment (a lone one, offset 0 and
    // none to follow, is walked past: RFC 6946).
    std::optional<Ipv6Fragment> fragment;
};

// Why a packet goes no further, and what its sender is told.
struct ExtensionProblem {
    Drop reason = Drop::kBadOption;
    // Codes of an ICMPv6 "parameter problem".
    enum class Answer : std::uint8_t { kNone, kErroneousField, kUnrecognizedNextHeader, kUnrecognizedOption };
    Answer answer = Answer::kNone;
    std::uint32_t pointer = 0;     // of the offending byte, from the start of the IPv6 header
    bool answer_to_group = false;  // even if the packet was sent to a group
};

// Walks the headers of `packet` (IPv6 header first), beginning at `position` with a header of type `first`.
// `reassembled`: a fragment header here would be one inside another.
std::expected<ExtensionChain, ExtensionProblem> walk_extensions(Bytes packet, std::uint8_t first,
                                                                std::size_t position,
                                                                bool reassembled = false);

}  // namespace holm::net::wire

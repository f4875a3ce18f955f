#pragma once

// The Address Resolution Protocol for IPv4 over Ethernet (RFC 826).

#include <cstdint>

#include "base/bytes.h"
#include "net/address.h"
#include "net/drop.h"

namespace holm::net::wire {

struct ArpMessage {
    static constexpr std::size_t kSize = 28;
    enum class Operation : std::uint16_t { kRequest = 1, kReply = 2 };

    Operation operation = Operation::kRequest;
    MacAddress sender_mac;
    IpAddress sender;  // unspecified in a probe (RFC 5227)
    MacAddress target_mac;
    IpAddress target;

    static Parsed<ArpMessage> parse(Bytes payload);
    // Precondition: bytes.size() >= kSize.
    void emit(MutableBytes bytes) const;
};

}  // namespace holm::net::wire

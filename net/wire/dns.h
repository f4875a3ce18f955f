#pragma once

// DNS messages (RFC 1035, section 4.1): the header, and what stands behind the names of questions and
// records.

#include <cstdint>

#include "base/network_order.h"

namespace holm::net::wire {

struct DnsHeader {
    static constexpr std::uint16_t kResponse = 0x8000, kOperation = 0x7800, kAuthoritative = 0x0400,
                                   kTruncated = 0x0200, kRecursionDesired = 0x0100, kCode = 0x000f;

    NetU16 id, flags, questions, answers, authorities, additionals;
};
static_assert(sizeof(DnsHeader) == 12);

struct DnsQuestionTail {
    NetU16 type, kind;  // kind: the class
};
static_assert(sizeof(DnsQuestionTail) == 4);

struct DnsRecordTail {
    NetU16 type, kind;
    NetU32 lifetime;
    NetU16 size;
};
static_assert(sizeof(DnsRecordTail) == 10);

inline constexpr std::uint16_t kDnsInternet = 1;  // the class IN

// What fits into a packet everywhere (the DNS flag day of 2020).
inline constexpr std::uint16_t kDnsUdpSize = 1232;

}  // namespace holm::net::wire

#pragma once

// A query as it came: everything that the answer depends on, found in one pass over the message.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "services/dns/name_key.h"
#include "services/dns/protocol.h"
#include "services/dns/tsig_record.h"

namespace holm::dns {

// EDNS(0), RFC 6891.
struct Edns {
    std::uint16_t udp_size = 0;
    std::uint8_t version = 0;
    bool wants_dnssec = false;    // DO, RFC 3225
    bool wants_identity = false;  // NSID, RFC 5001
    bool wants_timeout = false;   // of its stream, RFC 7828
    Bytes cookie;                 // RFC 7873; empty: none
};

struct Query {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    Bytes question;  // name, type and class as they were sent; empty if there is none
    NameKey name;
    std::uint16_t type = 0;
    std::uint16_t kind = 0;
    std::optional<Edns> edns;
    std::optional<std::uint32_t> serial;  // what who asks for IXFR has already (RFC 1995, section 3)
    std::optional<TsigRecord> signature;  // of kSigned

    Operation operation() const { return static_cast<Operation>(flags >> 11 & 0xf); }

    enum class Outcome : std::uint8_t {
        kQuery,
        kNotQuery,     // an answer, or too short for a header: nothing is said to that
        kMalformed,    // of which at least the header is good
        kUnsupported,  // an operation that nobody here knows
        kSigned,       // a query with a signature, which has not been looked at
    };
    // `query` need not be fresh.
    Outcome parse(Bytes message);

  private:
    bool parse_options(Bytes options);
};

}  // namespace holm::dns

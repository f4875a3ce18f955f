#pragma once

// DNS messages of a stub resolver (RFC 1035, section 4; RFC 6891 for EDNS0): one question out, the addresses
// that answer it in.

#include <array>
#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "net/resolve/name.h"
#include "net/wire/dns.h"

namespace holm::net::resolve {

enum class RecordType : std::uint16_t { kA = 1, kCname = 5, kSoa = 6, kAaaa = 28, kOpt = 41 };

struct Question {
    std::uint16_t id = 0;  // unpredictable: with the port it is what an answer must know
    DomainName name;
    RecordType type = RecordType::kA;
    bool edns = true;  // offers kUdpSize, which some old servers do not understand

    static constexpr std::uint16_t kUdpSize = wire::kDnsUdpSize;
    static constexpr std::size_t kMaximumSize = 12 + DomainName::kMaximumSize + 4 + 11;
    // The number of bytes written. Precondition: bytes.size() >= kMaximumSize.
    std::size_t emit(MutableBytes bytes) const;
};

// What a server said.
struct Answer {
    static constexpr std::size_t kAddresses = 16;  // more are not looked at
    static constexpr int kAliases = 8;             // CNAMEs behind one another
    // Lifetimes are believed between these; a day is RFC 8767's advice, five minutes for what is not there
    // RFC 2308's.
    static constexpr Duration kShortest = Duration::seconds(1);
    static constexpr Duration kLongest = Duration::minutes(24 * 60);
    static constexpr Duration kLongestNegative = Duration::minutes(5);

    enum class Status : std::uint8_t {
        kAddresses,
        kNoAddress,  // the name exists, but not with addresses of this family
        kNoName,     // there is no such name
        kTruncated,  // ask again over TCP
        kNotEdns,    // ask again without EDNS0
        kFailure,    // the server does not want to, or cannot
    };
    Status status = Status::kFailure;
    std::size_t count = 0;
    std::array<IpAddress, kAddresses> addresses;
    Duration lifetime;
};

// Nothing if the message does not answer the question, or not in a way that can be understood: then it is as
// if it had not come.
std::optional<Answer> parse_answer(const Question& question, Bytes message);

}  // namespace holm::net::resolve

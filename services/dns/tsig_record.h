#pragma once

// The record that signs a message (TSIG; RFC 8945, section 4.2), as it came.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "services/dns/protocol.h"

namespace holm::dns {

// A whole name in lower case, as signatures cover it (section 4.3.3).
class LowerName {
  public:
    LowerName() = default;  // none
    // Precondition: a whole name.
    explicit LowerName(Bytes wire);

    Bytes wire() const { return Bytes(bytes_).first(size_); }
    friend bool operator==(const LowerName& left, const LowerName& right) {
        return std::ranges::equal(left.wire(), right.wire());
    }

  private:
    std::array<std::byte, kMaximumName> bytes_;
    std::size_t size_ = 0;
};

struct TsigRecord {
    LowerName key;
    LowerName algorithm;
    std::uint64_t time = 0;   // when it was signed: Unix time in seconds, 48 bits
    std::uint16_t fudge = 0;  // seconds that clocks may differ
    Bytes mac;
    std::uint16_t original_id = 0;  // of the message; a forwarder may have changed it
    std::uint16_t error = 0;
    Bytes other;
    std::size_t begin = 0;  // of the record in the message: what stands before it is signed

    // The one at `begin`, which ends the message. Nothing if it cannot be understood.
    static std::optional<TsigRecord> read(Bytes message, std::size_t begin);
    // The one that ends the message; nothing if there is none.
    static std::optional<TsigRecord> find(Bytes message);
};

}  // namespace holm::dns

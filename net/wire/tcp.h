#pragma once

// The TCP header as it lies in a packet (RFC 9293, section 3.1), and a checked view of a whole segment.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/network_order.h"

namespace holm::net::wire {

inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::uint8_t kTcpUrg = 0x20;
inline constexpr std::uint8_t kTcpEce = 0x40;  // RFC 3168
inline constexpr std::uint8_t kTcpCwr = 0x80;

inline constexpr std::uint8_t kProtocolTcp = 6;

struct TcpHeader {
    NetU16 source_port;
    NetU16 destination_port;
    NetU32 sequence;
    NetU32 acknowledgment;
    std::uint8_t data_offset;  // upper four bits: header length in 32-bit words
    std::uint8_t flags;
    NetU16 window;
    NetU16 checksum;
    NetU16 urgent_pointer;
};
static_assert(sizeof(TcpHeader) == 20 && alignof(TcpHeader) == 1);

inline constexpr std::uint16_t kTcpChecksumOffset = 16;
inline constexpr std::size_t kTcpMaxOptions = 40;
inline constexpr std::size_t kTcpMaxHeader = sizeof(TcpHeader) + kTcpMaxOptions;

// A segment whose header is known to lie within its bytes: no accessor can fail.
class TcpView {
  public:
    static std::optional<TcpView> parse(Bytes segment) {
        if (segment.size() < sizeof(TcpHeader)) return std::nullopt;
        const auto* header = reinterpret_cast<const TcpHeader*>(segment.data());
        const std::size_t length = std::size_t{header->data_offset} >> 4U << 2U;
        if (length < sizeof(TcpHeader) || length > segment.size()) return std::nullopt;
        return TcpView(segment, length);
    }

    const TcpHeader& header() const { return *reinterpret_cast<const TcpHeader*>(segment_.data()); }
    Bytes options() const { return segment_.subspan(sizeof(TcpHeader), header_length_ - sizeof(TcpHeader)); }
    Bytes payload() const { return segment_.subspan(header_length_); }

  private:
    TcpView(Bytes segment, std::size_t header_length) : segment_(segment), header_length_(header_length) {}
    Bytes segment_;
    std::size_t header_length_;
};

}  // namespace holm::net::wire

#pragma once

// TCP options: what we read from a segment and what we put into one. Kinds: RFC 9293 section 3.2 (MSS), RFC
// 7323 (window scale, timestamps), RFC 2018 (SACK), RFC 5482 (user timeout). Unknown kinds are skipped by
// their length; a length that does not fit makes the segment malformed, because the rest of the list cannot
// be found any more.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

inline constexpr std::uint8_t kMaxWindowScale = 14;  // RFC 7323, section 2.3
inline constexpr int kMaxSackBlocks = 4;
// Bytes that the timestamps option takes in every segment once agreed: NOP NOP and ten bytes (RFC 7323,
// appendix A).
inline constexpr std::uint32_t kTimestampBytes = 12;

struct Options {
    std::uint16_t mss = 0;  // 0: absent
    bool has_window_scale = false;
    std::uint8_t window_scale = 0;
    bool sack_permitted = false;
    bool has_timestamp = false;
    bool has_user_timeout = false;
    std::uint8_t sack_count = 0;
    std::uint16_t user_timeout = 0;  // as it lies in the option: see UserTimeout
    std::uint32_t timestamp_value = 0;
    std::uint32_t timestamp_echo = 0;
    SeqRange sack[kMaxSackBlocks];

    std::span<const SeqRange> sack_blocks() const { return {sack, sack_count}; }
};

// Reads the options of a header. False: malformed, the segment is to be dropped.
bool parse_options(Bytes bytes, Options& options);

// Writes the options padded to a multiple of four; returns the bytes written (at most 40). MSS, window scale
// and "SACK permitted" belong on SYN segments only: the caller fills them there and nowhere else. SACK blocks
// that do not fit beside the others are left out, the last ones first.
std::size_t emit_options(const Options& options, std::span<std::byte, 40> out);

}  // namespace holm::net::tcp

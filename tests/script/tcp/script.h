#pragma once

// Reads scripts of segments (tests/script/README.md tells the language).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"

namespace holm::net::tcp::test {

// A segment as a line describes it: numbers are relative to the initial sequence numbers of both sides.
struct SegmentLine {
    std::uint8_t flags = 0;
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
    std::optional<std::uint32_t> ack;
    std::optional<std::uint32_t> window;
    bool has_options = false;  // a <...> list was given
    std::optional<std::uint32_t> mss;
    std::optional<std::uint32_t> window_scale;
    bool sack_permitted = false;
    std::optional<std::uint32_t> timestamp_value;  // incoming: as is; outgoing: relative to our first one
    std::optional<std::uint32_t> timestamp_echo;   // the other way round
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sack;
    std::optional<std::uint32_t> segment_size;  // gso N: coalesced (in), to be cut (out)
    std::optional<std::uint32_t> user_timeout;  // seconds
    std::optional<std::uint8_t> ecn;            // of the IP header: ect, not-ect, ce
    bool bad_checksum = false;
    bool any_sequence = false;  // out: the numbers are not ours (cookies of a forgotten connection)
};

struct ScriptLine {
    enum class Kind : std::uint8_t { kIn, kOut, kCall };
    int number = 0;
    Duration delay;
    Kind kind = Kind::kCall;
    SegmentLine segment;
    std::vector<std::string> words;  // of a call
};

struct Script {
    std::string error;  // not empty: the script itself is wrong
    std::vector<ScriptLine> lines;
};

Script parse_script(std::string_view text);

}  // namespace holm::net::tcp::test

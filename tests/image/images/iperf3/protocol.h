#pragma once

// What iperf 3.12 says on its control connection: one byte tells what comes next, and parameters and results
// go as JSON behind their length in four bytes. A data connection begins with the control connection's
// cookie.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace iperf3 {

inline constexpr std::uint16_t kPort = 5201;
inline constexpr std::size_t kMaximumText = 65536;  // bytes of JSON; 128 streams' results are 20,000

using Cookie = std::array<std::byte, 37>;  // 36 letters and digits, and a zero

enum class State : std::int8_t {
    kTestStart = 1,
    kTestRunning = 2,
    kTestEnd = 4,
    kParamExchange = 9,
    kCreateStreams = 10,
    kExchangeResults = 13,
    kDisplayResults = 14,
    kDone = 16,
    kAccessDenied = -1,
    kServerError = -2,
};

// Goes behind kServerError: iperf3's own numbers, for which the client has the text.
enum class Refusal : std::uint32_t {
    kTooManyStreams = 6,
    kBlockSize = 7,
    kUnimplemented = 13,
    kParameters = 114,
};

struct Parameters {
    bool reverse = false;  // the server sends
    std::size_t streams = 1;
    std::size_t block = 131072;  // bytes that are sent at once
    std::uint64_t bytes = 0;     // of all streams; 0: until the client ends the test
    std::int64_t seconds = 10;   // 0: as long as the bytes take
};

// What the client asks for. It may set options of sockets too (MSS, window, congestion, …), which this server
// leaves as they are; what would change the meaning of the counts (omit, UDP, a rate to send at) it refuses.
std::expected<Parameters, Refusal> read_parameters(std::string_view text);

struct StreamResult {
    std::uint64_t bytes = 0;
    std::int64_t retransmissions = -1;  // unknown to who receives
};

std::string write_results(std::span<const StreamResult> streams, bool sender, double seconds,
                          double processor_percent);

// The bytes of all streams of the client's results; nothing when they are no results.
std::expected<std::uint64_t, Refusal> read_total(std::string_view text);

}  // namespace iperf3

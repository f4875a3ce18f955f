// Options as a peer may send them: parsed without harm, and what is emitted from them parses to the same
// again.

#include <array>
#include <cstdint>
#include <cstdlib>

#include "net/tcp/options.h"

using namespace holm;
using namespace holm::net::tcp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Options options;
    if (!parse_options(std::as_bytes(std::span(data, size)).first(std::min<std::size_t>(size, 40)), options))
        return 0;
    if (options.sack_count > kMaxSackBlocks || options.window_scale > kMaxWindowScale) abort();

    std::array<std::byte, 40> out;
    const std::size_t length = emit_options(options, out);
    if (length > out.size() || length % 4 != 0) abort();
    Options again;
    if (!parse_options(std::span(out).first(length), again)) abort();
    if (again.mss != options.mss || again.has_window_scale != options.has_window_scale ||
        again.window_scale != options.window_scale || again.sack_permitted != options.sack_permitted ||
        again.has_timestamp != options.has_timestamp || again.timestamp_value != options.timestamp_value ||
        again.timestamp_echo != options.timestamp_echo || again.sack_count > options.sack_count)
        abort();
    for (int i = 0; i < again.sack_count; ++i)
        if (again.sack[i] != options.sack[i]) abort();
    return 0;
}

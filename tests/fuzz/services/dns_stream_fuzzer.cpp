// Messages on a stream are the same however the stream is cut into pieces. The first byte seeds the cuts.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "services/dns/stream_frames.h"

using namespace holm;
using namespace holm::dns;

namespace {

std::vector<std::string> messages(Bytes stream, std::uint32_t seed) {
    std::vector<std::string> found;
    StreamFrames frames;
    while (!stream.empty()) {
        seed = seed * 1'664'525 + 1'013'904'223;
        const std::size_t piece =
            seed == 0 ? stream.size() : std::min<std::size_t>(1 + (seed >> 24) % 40, stream.size());
        Bytes bytes = stream.first(piece);
        while (const auto message = frames.next(bytes)) found.emplace_back(as_text(*message));
        if (!bytes.empty() || frames.has_failed()) std::abort();
        stream = stream.subspan(piece);
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes stream(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
    StreamFrames whole;
    std::vector<std::string> expected;
    Bytes rest = stream;
    while (const auto message = whole.next(rest)) expected.emplace_back(as_text(*message));
    if (!rest.empty() || messages(stream, data[0]) != expected) std::abort();
    return 0;
}

// holm inspect on a foreign image: the first two bytes say how much of the input is the link map beside it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cli/inspect/inspection.h"
#include "cli/inspect/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holm;
    if (size < 2) return 0;
    const Bytes input(reinterpret_cast<const std::byte*>(data + 2), size - 2);
    const std::size_t map_size = (std::size_t{data[0]} | std::size_t{data[1]} << 8) % (input.size() + 1);
    const Bytes image = input.first(input.size() - map_size);
    const auto inspection = cli::inspect_image(image, as_text(input.last(map_size)));
    cli::parse_link_map(as_text(input));
    if (!inspection) {
        if (inspection.error().empty()) std::abort();
        return 0;
    }
    if (cli::text_report(*inspection, "image", true).empty()) std::abort();
    if (cli::json_report(*inspection, "image").empty()) std::abort();
    return 0;
}

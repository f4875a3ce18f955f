// JSON: what is accepted is written and read back as the same value.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/json/utf8.h"
#include "services/json/value.h"
#include "services/json/writer.h"

using namespace holm::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = parse(text);
    if (!value) {
        if (value.error().line == 0 || value.error().column == 0 || value.error().column > size + 1)
            std::abort();
        return 0;
    }
    const std::string written = to_string(*value);
    if (!is_utf8(written)) std::abort();
    Limits limits;
    limits.bytes = SIZE_MAX;  // escapes can make the text longer
    const auto again = parse(written, limits);
    // A double that happens to be an integer comes back as one.
    if (!again || to_string(*again) != written) std::abort();
    return 0;
}

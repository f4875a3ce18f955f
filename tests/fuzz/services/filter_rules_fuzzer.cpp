// Rules of any kind: refused with a place, or compiled to a table that its reader accepts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/support/rules.h"

using namespace holm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 20'000) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    // A file that is included is empty, or the rules again.
    const auto reader = [&](const std::string& path) -> std::optional<std::string> {
        if (path == "self") return text;
        return std::string();
    };
    const auto rules = filter::language::parse(text, "r", reader);
    if (!rules) {
        if (rules.error().what.empty() || rules.error().position.line == 0) std::abort();
        return 0;
    }
    const test::CompiledRules compiled(text);
    // Includes are not read here: that alone may be refused.
    if (!compiled.problem().empty() && !compiled.problem().contains(':')) std::abort();
    return 0;
}

// A command line, one word a line: parsed or refused with one printable sentence.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tender/instance/options.h"

using namespace holm::tender;

static constexpr TenderTraits kTender{
    .program = "holm-process", .does = {}, .own_usage = {}, .has_trace = true};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    text.push_back('\n');
    std::vector<char*> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        text[end] = 0;
        words.push_back(text.data() + at);
        at = end + 1;
    }
    const auto options = std::make_unique<Options>();
    const auto parsed = parse_options(words, kTender, *options);
    if (parsed) {
        if (options->image == nullptr && !options->help) std::abort();
        for (const NetRequest& request : options->nets())
            if (request.name.empty() || request.settings.ipv4_prefix_length > 32) std::abort();
        return 0;
    }
    if (parsed.error().view().empty()) std::abort();
    for (const char c : parsed.error().view())
        if (c < 0x20 || c > 0x7e) std::abort();
    return 0;
}

#include "tender/devices/block_request.h"

#include "base/result.h"
#include "tender/text/number.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kSmallSector = 512;
constexpr std::uint64_t kLargeSector = 4096;
constexpr std::string_view kSector = "sector=";

std::unexpected<Sentence> wrong(std::string_view whole, std::string_view why) {
    Sentence sentence;
    sentence.text("--block '").foreign(whole).text("' ").text(why);
    return std::unexpected(sentence);
}

}  // namespace

std::expected<BlockRequest, Sentence> parse_block_request(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos)
        return wrong(text, "grants nothing; allowed: NAME=FILE, NAME=FILE,ro, NAME=FILE,sector=4096");
    BlockRequest request;
    request.name = text.substr(0, equals);
    request.file = text.substr(equals + 1);
    for (;;) {
        const std::size_t comma = request.file.rfind(',');
        if (comma == std::string_view::npos) break;
        const std::string_view setting = request.file.substr(comma + 1);
        if (setting == "ro") {
            request.read_only = true;
        } else if (setting.starts_with(kSector)) {
            const auto size = parse_decimal(setting.substr(kSector.size()), kLargeSector);
            if (!size || (*size != kSmallSector && *size != kLargeSector))
                return wrong(text, "has no such sector size; allowed: sector=512 and sector=4096");
            request.sector_size = static_cast<std::uint32_t>(*size);
        } else {
            break;  // part of the path
        }
        request.file = request.file.substr(0, comma);
    }
    if (request.file.empty()) return wrong(text, "names no file; allowed: NAME=FILE and NAME=FILE,ro");
    return request;
}

}  // namespace holm::tender

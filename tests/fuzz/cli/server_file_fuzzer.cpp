// A name server's file as an attacker would write it: the reader ends, and gives settings or mistakes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/zone/server_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holm::cli;
    const auto file = read_server_file({reinterpret_cast<const char*>(data), size});
    if (!file) {
        if (file.error().empty()) std::abort();
        for (const Mistake& mistake : file.error())
            if (mistake.text.empty() || mistake.where.line == 0) std::abort();
        return 0;
    }
    if (file->zones.empty() || file->settings.udp_size < 512) std::abort();
    for (const ZoneFile& zone : file->zones)
        if (zone.name.empty() || zone.name.back() != '\0') std::abort();
    return 0;
}

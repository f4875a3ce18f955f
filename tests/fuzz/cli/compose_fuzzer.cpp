// A compose file as an attacker would write it: the reader ends, and gives a checked topology or mistakes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/compose/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace holm::cli;
    const auto compose = read_compose({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!compose) {
        if (compose.error().empty()) std::abort();
        for (const Mistake& mistake : compose.error()) {
            if (mistake.text.empty() || mistake.where.line == 0) std::abort();
        }
        return 0;
    }
    if (compose->services.empty()) std::abort();
    for (const ComposeService& service : compose->services) {
        if (service.image.empty()) std::abort();
        for (const Attachment& one : service.networks) {
            const ComposeNetwork* network = compose->network(one.network);
            if (network == nullptr || one.device.empty()) std::abort();
            if (one.address && !network->subnet->contains(one.address->address)) std::abort();
        }
    }
    return 0;
}

// A compose file as an attacker would write it: the reader ends, and gives a checked topology or mistakes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/compose/reader.h"

namespace {

void read(std::string_view text, holm::cli::Notation notation) {
    using namespace holm::cli;
    const auto compose = read_compose(text, "fuzz", notation);
    if (!compose) {
        if (compose.error().empty()) std::abort();
        for (const Mistake& mistake : compose.error()) {
            if (mistake.text.empty() || mistake.where.line == 0) std::abort();
        }
        return;
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
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read(text, holm::cli::Notation::kToml);
    read(text, holm::cli::Notation::kYaml);
    return 0;
}

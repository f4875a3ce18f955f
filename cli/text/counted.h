#pragma once

// "1 service", "2 services".

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/text/format.h"

namespace holm::cli {

inline std::string counted(std::size_t number, std::string_view noun) {
    return formatted("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace holm::cli

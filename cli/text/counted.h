#pragma once

// "1 service", "2 services".

#include <cstddef>
#include <format>
#include <string>
#include <string_view>

namespace holm::cli {

inline std::string counted(std::size_t number, std::string_view noun) {
    return std::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace holm::cli

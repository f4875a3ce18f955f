#pragma once

// Where something stands in a rule file, and what is wrong there.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace holm::filter::language {

struct Position {
    std::shared_ptr<const std::string> file;
    std::uint32_t line = 1;    // from 1
    std::uint32_t column = 1;  // from 1, bytes
};

// Thrown inside of the parser and the compiler, returned by what is outside of them.
struct Problem {
    Position position;
    std::string what;  // what is wrong, and what is allowed

    std::string to_string() const {
        return (position.file ? *position.file : std::string("rules")) + ":" + std::to_string(position.line) +
               ":" + std::to_string(position.column) + ": " + what;
    }
};

// Gives the text of a file that another includes, or nothing.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

struct Limits {
    static constexpr std::size_t kFileBytes = 64U << 20U;  // of all files
    static constexpr std::size_t kIncludeDepth = 16;
    static constexpr std::size_t kTokens = 16U << 20U;  // of all files, variables expanded
    static constexpr std::size_t kTables = 1024;
    static constexpr std::size_t kRules = 1'000'000;
    static constexpr std::size_t kElements = 4'000'000;
    static constexpr std::size_t kNesting = 16;  // of braces and variables
};

}  // namespace holm::filter::language

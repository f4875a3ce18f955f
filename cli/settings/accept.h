#pragma once

// A value of a configuration file, parsed; a mistake goes to the section it stands in.

#include <optional>

#include "cli/settings/section.h"
#include "cli/text/values.h"

namespace holm::cli {

template <typename T>
std::optional<T> accept(Section& section, const std::optional<Text>& text,
                        Parsed<T> (*parse)(std::string_view)) {
    if (!text) return std::nullopt;
    Parsed<T> value = parse(text->value);
    if (value) return *std::move(value);
    section.mistake(text->where, std::move(value).error());
    return std::nullopt;
}

}  // namespace holm::cli

#pragma once

// A value of a configuration file, parsed; a mistake goes to the section it stands in, or to the list.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/settings/section.h"
#include "cli/text/values.h"

namespace holm::cli {

// `report`: takes the place and the text of a mistake.
template <typename T, typename Report>
std::optional<T> accept_or(const std::optional<Text>& text, Parsed<T> (*parse)(std::string_view),
                           Report report) {
    if (!text) return std::nullopt;
    Parsed<T> value = parse(text->value);
    if (value) return *std::move(value);
    report(text->where, std::move(value).error());
    return std::nullopt;
}

template <typename T>
std::optional<T> accept(Section& section, const std::optional<Text>& text,
                        Parsed<T> (*parse)(std::string_view)) {
    return accept_or(text, parse,
                     [&](Position where, std::string what) { section.mistake(where, std::move(what)); });
}

template <typename T>
std::optional<T> accept(Mistakes& mistakes, const std::optional<Text>& text,
                        Parsed<T> (*parse)(std::string_view)) {
    return accept_or(text, parse,
                     [&](Position where, std::string what) { mistakes.push_back({where, std::move(what)}); });
}

}  // namespace holm::cli

#pragma once

// The files of a new project.

#include <span>
#include <string>
#include <string_view>

namespace holm::cli {

struct TemplateFile {
    std::string_view path;
    std::string_view text;  // "@NAME@" stands for the project's name
};

struct Template {
    std::string_view name;
    std::string_view summary;
    std::span<const TemplateFile> files;
};

std::span<const Template> templates();

// `text` with the name filled in.
std::string fill_in(std::string_view text, std::string_view name);

}  // namespace holm::cli

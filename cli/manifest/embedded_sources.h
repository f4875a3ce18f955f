#pragma once

// From the [[files]] rules to the table of the image: which files, under which paths, in the order of
// abi/embedded_files.h.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "abi/embedded_files.h"
#include "cli/manifest/description.h"

namespace holm::cli {

struct EmbeddedSource {
    std::string path;  // in the image
    bool is_directory = false;
    std::filesystem::path source;  // file: where its contents are; absolute
    std::uint32_t size = 0;        // as in holm_embedded_entry
    std::array<std::uint8_t, HOLM_CONTENT_HASH_SIZE> hash{};
    std::string_view content_type;
};

struct EmbeddedSources {
    std::vector<EmbeddedSource> entries;  // sorted; the root first
    std::vector<std::filesystem::path>
        inputs;  // files and folders looked at: a change in one changes the result
};

// A file that the build has made (holm_compiled_file), which may lie anywhere.
struct CompiledFile {
    std::string path;  // in the image, without the leading '/'
    std::filesystem::path source;
};

// `folder` is where holm.toml lies; the rules cannot reach outside it, not through a symbolic link either.
EmbeddedSources collect_files(const std::vector<FileRule>& rules, const std::filesystem::path& folder,
                              Mistakes& mistakes, const std::vector<CompiledFile>& compiled = {});

}  // namespace holm::cli

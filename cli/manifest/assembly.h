#pragma once

// Writes what the image carries beside its code as assembly for the build: the manifest note, the
// configuration blob and the embedded files. The result depends on its inputs only, not on place or time.

#include <string>

#include "cli/manifest/description.h"
#include "cli/manifest/embedded_sources.h"

namespace holm::cli {

std::string write_assembly(const ImageDescription& description, const EmbeddedSources& files);

}  // namespace holm::cli

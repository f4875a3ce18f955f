#pragma once

// An image's headers and manifest, read and checked the way its tender does it.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tender/loader/load_plan.h"

namespace holm::cli {

// Fails with the tender's sentence ("program header 2, file offset 0xd0: ...") when the file is not an image.
std::unique_ptr<const tender::LoadPlan> read_image_head(const std::filesystem::path& image);

// The same from an open file.
std::unique_ptr<const tender::LoadPlan> read_image_head(int file, std::string_view name);

// Fails with what to do instead when the file is no image at all; what else may be wrong with it is its
// tender's to find.
void require_manifest(const std::filesystem::path& image);

// Names of the network devices, in the manifest's order.
std::vector<std::string> net_devices_of(const tender::LoadPlan& plan);

}  // namespace holm::cli

#pragma once

// "holm run web": which file that is.

#include <filesystem>
#include <string>
#include <string_view>

namespace holm::cli {

// A path (anything with a '/'), or a name that is looked for in build/images here, in the project folder of
// that name, here, and among the images of the source tree. The result carries a manifest; anything else
// fails with what to do instead.
std::filesystem::path find_image(std::string_view what);

// The same without a look into the file.
std::filesystem::path find_image_file(std::string_view what);

}  // namespace holm::cli

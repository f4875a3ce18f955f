#pragma once

// Copies of an image with one thing wrong, for a tender to refuse.

#include <filesystem>
#include <string>
#include <string_view>

namespace holm::cli {

class SpoiledImages {
  public:
    // A temporary folder, removed with all that is in it.
    explicit SpoiledImages(const std::filesystem::path& image);
    ~SpoiledImages();
    SpoiledImages(const SpoiledImages&) = delete;
    SpoiledImages& operator=(const SpoiledImages&) = delete;

    const std::filesystem::path& folder() const { return folder_; }
    // The text segment becomes writable too.
    std::filesystem::path writable_code() const;
    std::filesystem::path executable_stack() const;
    std::filesystem::path truncated() const;

  private:
    std::filesystem::path write(std::string_view name, std::string_view bytes) const;

    std::filesystem::path folder_;
    std::string image_;
};

}  // namespace holm::cli

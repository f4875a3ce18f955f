#include "cli/selftest/spoiled_image.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <elf.h>
#include <stdlib.h>

#include "cli/failure.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// Program headers of a kind get other flags.
std::string with_flags(std::string image, Elf64_Word type, Elf64_Word having, Elf64_Word flags) {
    Elf64_Ehdr header;
    if (image.size() < sizeof header) return image;
    std::memcpy(&header, image.data(), sizeof header);
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr entry;
        const std::size_t at = header.e_phoff + i * sizeof entry;
        if (at > image.size() || image.size() - at < sizeof entry) break;
        std::memcpy(&entry, image.data() + at, sizeof entry);
        if (entry.p_type != type || (entry.p_flags & having) != having) continue;
        entry.p_flags = flags;
        std::memcpy(image.data() + at, &entry, sizeof entry);
    }
    return image;
}

}  // namespace

SpoiledImages::SpoiledImages(const fs::path& image) {
    std::ifstream file(image, std::ios::binary);
    image_.assign(std::istreambuf_iterator<char>(file), {});
    std::string pattern = (fs::temp_directory_path() / "holm-selftest-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
        fail_with("the folder {} cannot be made: {}", quote(pattern), std::strerror(errno));
    folder_ = pattern;
}

SpoiledImages::~SpoiledImages() {
    std::error_code error;
    fs::remove_all(folder_, error);
}

fs::path SpoiledImages::write(std::string_view name, std::string_view bytes) const {
    const fs::path path = folder_ / name;
    std::ofstream file(path, std::ios::binary);
    file << bytes;
    file.close();
    if (!file) fail_with("{} cannot be written", quote(path.string()));
    return path;
}

fs::path SpoiledImages::writable_code() const {
    return write("writable-code", with_flags(image_, PT_LOAD, PF_X, PF_R | PF_W | PF_X));
}

fs::path SpoiledImages::executable_stack() const {
    return write("executable-stack", with_flags(image_, PT_GNU_STACK, 0, PF_R | PF_W | PF_X));
}

fs::path SpoiledImages::truncated() const {
    return write("truncated", std::string_view(image_).substr(0, image_.size() / 2));
}

}  // namespace holm::cli

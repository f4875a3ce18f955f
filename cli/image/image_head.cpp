#include "cli/image/image_head.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/image/foreign_file.h"
#include "cli/text/quote.h"
#include "tender/loader/parse.h"
#include "tender/loader/parse_note.h"

namespace holm::cli {

namespace {

using Head = std::array<std::byte, tender::kHeadSize>;

Bytes read_head(int file, std::string_view name, Head& head) {
    const ssize_t size = pread(file, head.data(), head.size(), 0);
    if (size < 0) fail_with("{} cannot be read: {}", quote(name), std::strerror(errno));
    return Bytes(head).first(static_cast<std::size_t>(size));
}

}  // namespace

std::unique_ptr<const tender::LoadPlan> read_image_head(int file, std::string_view name) {
    struct stat status{};
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) fail_with("{} is not a file", quote(name));
    Head storage;
    const Bytes head = read_head(file, name, storage);
    auto plan = std::make_unique<tender::LoadPlan>();
    const auto parsed = tender::parse_image(head, static_cast<std::uint64_t>(status.st_size), *plan);
    if (!parsed) {
        if (!tender::carries_manifest(head)) throw Failure(describe_foreign_file(name, head));
        tender::Sentence why;
        parsed.error().describe(why);
        fail_with("{} is not an image that can run: {}", quote(name), why.view());
    }
    return plan;
}

std::unique_ptr<const tender::LoadPlan> read_image_head(const std::filesystem::path& image) {
    const int file = open(image.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail_with("{} cannot be opened: {}", quote(image.string()), std::strerror(errno));
    try {
        auto plan = read_image_head(file, image.string());
        close(file);
        return plan;
    } catch (...) {
        close(file);
        throw;
    }
}

void require_manifest(const std::filesystem::path& image) {
    const int file = open(image.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail_with("{} cannot be opened: {}", quote(image.string()), std::strerror(errno));
    Head storage;
    const Bytes head = read_head(file, image.string(), storage);
    close(file);
    if (!tender::carries_manifest(head)) throw Failure(describe_foreign_file(image.string(), head));
}

std::vector<std::string> net_devices_of(const tender::LoadPlan& plan) {
    std::vector<std::string> names;
    for (const holm_manifest_device& device : plan.devices()) {
        if (device.kind == HOLM_DEVICE_NET) names.emplace_back(device.name);
    }
    return names;
}

}  // namespace holm::cli

#include "cli/image/image_head.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/quote.h"
#include "tender/loader/parse.h"

namespace holm::cli {

std::unique_ptr<const tender::LoadPlan> read_image_head(int file, std::string_view name) {
    struct stat status{};
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) fail_with("{} is not a file", quote(name));
    std::array<std::byte, tender::kHeadSize> head;
    const ssize_t size = pread(file, head.data(), head.size(), 0);
    if (size < 0) fail_with("{} cannot be read: {}", quote(name), std::strerror(errno));
    auto plan = std::make_unique<tender::LoadPlan>();
    const auto parsed = tender::parse_image(Bytes(head.data(), static_cast<std::size_t>(size)),
                                            static_cast<std::uint64_t>(status.st_size), *plan);
    if (!parsed) {
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

std::vector<std::string> net_devices_of(const tender::LoadPlan& plan) {
    std::vector<std::string> names;
    for (const holm_manifest_device& device : plan.devices()) {
        if (device.kind == HOLM_DEVICE_NET) names.emplace_back(device.name);
    }
    return names;
}

}  // namespace holm::cli

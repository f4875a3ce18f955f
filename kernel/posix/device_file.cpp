// /dev/null, /dev/zero, /dev/random and /dev/urandom, and the console by its usual names.

#include <algorithm>

#include <string.h>

#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/posix/console_file.h"
#include "kernel/posix/tree.h"

namespace holm::posix {
namespace {

class DeviceFile final : public OpenFile {
  public:
    DeviceFile(Device device, int flags) : OpenFile(flags), device_(device) {}

    Outcome read(MutableBytes bytes) override {
        if (device_ == Device::kNull) return 0;
        if (device_ == Device::kZero) {
            memset(bytes.data(), 0, bytes.size());
        } else {
            this_core().random->fill(bytes);
        }
        return static_cast<Outcome>(bytes.size());
    }
    Outcome read_at(MutableBytes bytes, std::uint64_t) override { return read(bytes); }
    Outcome write(Bytes bytes) override { return static_cast<Outcome>(bytes.size()); }
    Outcome seek(std::int64_t, int) override { return 0; }
    void describe(struct stat& status) const override { posix::describe(device_, status); }

  private:
    Device device_;
};

struct Name {
    std::string_view path;
    Device device;
};
constexpr Name kNames[] = {
    {kDeviceDirectory, Device::kDirectory},
    {"dev/null", Device::kNull},
    {"dev/zero", Device::kZero},
    {"dev/random", Device::kRandom},
    {"dev/urandom", Device::kRandom},
    {"dev/console", Device::kConsole},
    {"dev/tty", Device::kConsole},
    {"dev/stdin", Device::kConsole},
    {"dev/stdout", Device::kConsole},
    {"dev/stderr", Device::kConsole},
};

}  // namespace

std::optional<Device> find_device(std::string_view path) {
    const auto* name =
        std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.path == path; });
    return name == std::end(kNames) ? std::nullopt : std::optional<Device>(name->device);
}

OpenFile* open_device(Device device, int flags) {
    if (device == Device::kConsole) return new ConsoleFile;
    return new DeviceFile(device, flags);
}

}  // namespace holm::posix

#pragma once

// The kernel command line, which carries what a tender would put into the boot info (docs/stock-vmms.md):
//
//     holm.mem=64M holm.env=NAME=value holm.net=lan,ip=10.0.0.2/24,gw=10.0.0.1 -- argument "another one"
//
// Words are separated by blanks; inside double quotes blanks are part of a word, and \" and \\ stand for
// themselves. Words that begin with "holm." are ours, and one that is not understood is refused;
// virtio_mmio.device=SIZE@ADDRESS:INTERRUPT, outside of quotes, is a device wherever it stands, because VMMs
// put it at the end; of other words, which VMMs add for Linux, nothing is taken. Hostile.

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "abi/boot_info.h"

namespace holm::platform {

// NUL-terminated strings, one behind another, in memory of the caller's.
struct StringRun {
    std::span<char> room;
    std::uint32_t size = 0;   // bytes, NULs included
    std::uint32_t count = 0;  // strings
};

struct CommandLine {
    static constexpr std::size_t kMaxMmioDevices = 64;

    struct MmioDevice {
        std::uint64_t address;
        std::uint32_t size;
        std::uint32_t interrupt;  // input of the interrupt controller
    };
    struct Net {
        std::string_view name;  // of the manifest's device
        bool has_mac;
        holm_boot_net settings;
    };
    enum class Console : std::uint8_t { kAny, kSerial, kVirtio };

    // The first ones, as many as are counted; the rest is not initialised, which would touch pages.
    std::array<MmioDevice, kMaxMmioDevices> mmio_devices;
    std::size_t mmio_device_count = 0;
    std::array<Net, HOLM_MAX_DEVICES> nets;
    std::size_t net_count = 0;
    std::uint64_t memory = 0;  // bytes of heap; 0: not told
    std::uint32_t grace_ms = 10'000;
    bool quiet = false;
    Console console = Console::kAny;
    StringRun arguments;    // without argv[0]; the caller gives room for them
    StringRun environment;  // NAME=value

    struct Mistake {
        const char* what;
        std::string_view word;
    };
    using Outcome = std::expected<void, Mistake>;

    // Reads a word that begins with "holm.net=" (network_word.h).
    using NetworkWord = Outcome(CommandLine&, std::string_view word);

    // `text` is rewritten in place, and views point into it; each room is at least one byte longer than it.
    // Without `network_word`, for an image that declares no network, such words are refused.
    Outcome parse(std::span<char> text, NetworkWord* network_word);

  private:
    Outcome take_own(std::string_view word, NetworkWord* network_word);
    Outcome take_mmio_device(std::string_view word);
};

constexpr const char* kUndeclaredNetwork = "holm.net= names a network device that the image does not declare";

// What is wrong with a word.
inline std::unexpected<CommandLine::Mistake> wrong(const char* what, std::string_view word) {
    return std::unexpected(CommandLine::Mistake{what, word});
}

}  // namespace holm::platform

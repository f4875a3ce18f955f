#include "tender/devices/host_secret.h"

#include <cstring>
#include <span>

#include <fcntl.h>
#include <unistd.h>

#include "base/siphash.h"

namespace holm::tender {

namespace {

constexpr std::size_t kDigits = 32;

int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    return -1;
}

}  // namespace

std::array<std::uint8_t, 16> derive_host_secret(std::string_view machine_id, const NetRequest& request) {
    if (machine_id.ends_with('\n')) machine_id.remove_suffix(1);
    if (machine_id.size() != kDigits) return {};
    SipHashKey key;
    for (std::size_t i = 0; i < kDigits; ++i) {
        const int digit = digit_of(machine_id[i]);
        if (digit < 0) return {};
        std::uint64_t& half = i < kDigits / 2 ? key.low : key.high;
        half = half << 4 | std::uint64_t(digit);
    }
    // The purpose keeps other uses of the machine id apart from this one; the lengths keep names apart.
    constexpr std::string_view kPurpose = "holm ipv6 identifiers";
    std::array<char, 128> message{};
    std::size_t size = 0;
    for (const std::string_view part : {kPurpose, request.name, request.interface}) {
        const std::size_t length = part.copy(message.data() + size + 1, 32);
        message[size] = static_cast<char>(length);
        size += 1 + length;
    }
    if (request.has_mac) {
        std::memcpy(message.data() + size, request.settings.mac, sizeof request.settings.mac);
        size += sizeof request.settings.mac;
    }
    std::array<std::uint8_t, 16> secret;
    for (std::size_t half = 0; half < 2; ++half) {
        message[size] = char(half);
        const std::uint64_t hash = siphash(key, std::as_bytes(std::span(message).first(size + 1)));
        std::memcpy(secret.data() + 8 * half, &hash, sizeof(hash));
    }
    return secret;
}

std::array<std::uint8_t, 16> host_secret(const NetRequest& request) {
    const int file = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    char text[kDigits + 2];
    const ssize_t size = read(file, text, sizeof text);
    close(file);
    return derive_host_secret({text, size < 0 ? 0 : static_cast<std::size_t>(size)}, request);
}

}  // namespace holm::tender

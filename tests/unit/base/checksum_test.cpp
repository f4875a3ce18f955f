#include "base/checksum.h"

#include <array>
#include <vector>

#include <doctest/doctest.h>

using namespace holm;

namespace {

// The definition, word by word, with nothing clever in it.
std::uint16_t reference(Bytes bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        const auto high = std::to_integer<std::uint32_t>(bytes[i]);
        const auto low = i + 1 < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + 1]) : 0;
        sum += high << 8 | low;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return std::uint16_t(sum);
}

std::vector<std::byte> pattern(std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::uint32_t state = 12345;
    for (auto& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = std::byte(state >> 24);
    }
    return bytes;
}

}  // namespace

TEST_CASE("the example of RFC 1071, section 3") {
    const std::array<std::uint8_t, 8> words{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK(InternetChecksum().add(std::as_bytes(std::span(words))).sum() == 0xddf2);
    CHECK(InternetChecksum().add(std::as_bytes(std::span(words))).value() == 0x220d);
}

TEST_CASE("every length and alignment agrees with the definition") {
    const auto bytes = pattern(300);
    for (std::size_t start = 0; start < 9; ++start)
        for (std::size_t size = 0; size < 140; ++size) {
            const Bytes part = Bytes(bytes).subspan(start, size);
            CHECK(InternetChecksum().add(part).sum() == reference(part));
        }
}

TEST_CASE("pieces of odd lengths sum up like their concatenation") {
    const auto bytes = pattern(100);
    for (std::size_t first = 0; first < 20; ++first)
        for (std::size_t second = 0; second < 20; ++second) {
            InternetChecksum checksum;
            checksum.add(Bytes(bytes).first(first)).add(Bytes(bytes).subspan(first, second));
            checksum.add(Bytes(bytes).subspan(first + second));
            CHECK(checksum.sum() == reference(bytes));
        }
}

TEST_CASE("64 KiB of ones do not overflow, and a packet with its checksum is correct") {
    std::vector<std::byte> bytes(65536, std::byte{0xff});
    CHECK(InternetChecksum().add(bytes).sum() == 0xffff);

    auto packet = pattern(64);
    packet[10] = packet[11] = std::byte{0};
    const std::uint16_t value = InternetChecksum().add(packet).value();
    packet[10] = std::byte(value >> 8);
    packet[11] = std::byte(value & 0xff);
    CHECK(InternetChecksum().add(packet).is_correct());
    packet[20] ^= std::byte{0x04};
    CHECK_FALSE(InternetChecksum().add(packet).is_correct());
}

TEST_CASE("words given as numbers are summed in network order") {
    const std::array<std::uint8_t, 6> bytes{0x12, 0x34, 0xc0, 0xa8, 0x00, 0x01};
    CHECK(InternetChecksum().add_word(0x1234).add_double_word(0xc0a80001).sum() ==
          reference(std::as_bytes(std::span(bytes))));
}

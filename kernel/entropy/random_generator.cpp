#include "kernel/entropy/random_generator.h"

#include <algorithm>
#include <cstring>

#include "base/chacha20.h"

namespace holm {

// Not optimised away although nobody reads it afterwards.
static void erase(void* memory, std::size_t size) {
    std::memset(memory, 0, size);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

RandomGenerator::RandomGenerator(std::span<const std::uint8_t, kSeedSize> seed,
                                 const std::array<std::uint64_t, 4>& extra) {
    // The key is the key stream of (first half, with `extra` mixed in), with the second half mixed in.
    ChaCha20Input input{};
    std::memcpy(input.key.data(), seed.data(), kKeySize);
    for (std::size_t i = 0; i < extra.size(); ++i) {
        input.key[2 * i] ^= static_cast<std::uint32_t>(extra[i]);
        input.key[2 * i + 1] ^= static_cast<std::uint32_t>(extra[i] >> 32);
    }
    auto stream = chacha20_block(input);
    std::memcpy(key_.data(), seed.data() + kKeySize, kKeySize);
    for (std::size_t i = 0; i < key_.size(); ++i) key_[i] ^= stream[i];
    erase(&stream, sizeof stream);
    erase(&input, sizeof input);
}

void RandomGenerator::refill() {
    ChaCha20Input input{.key = key_, .counter = 0, .nonce = {}};
    for (; input.counter < kBlocks; ++input.counter) {
        auto block = chacha20_block(input);
        std::memcpy(buffer_.data() + input.counter * 64, block.data(), 64);
        erase(&block, sizeof block);
    }
    erase(&input, sizeof input);
    std::memcpy(key_.data(), buffer_.data(), kKeySize);
    erase(buffer_.data(), kKeySize);
    available_ = buffer_.size() - kKeySize;
}

void RandomGenerator::fill(MutableBytes bytes) {
    while (!bytes.empty()) {
        if (available_ == 0) refill();
        const std::size_t size = std::min(bytes.size(), available_);
        std::byte* from = buffer_.data() + buffer_.size() - available_;
        std::memcpy(bytes.data(), from, size);
        erase(from, size);
        available_ -= size;
        bytes = bytes.subspan(size);
    }
}

std::uint64_t RandomGenerator::next() {
    std::uint64_t number = 0;
    fill({reinterpret_cast<std::byte*>(&number), sizeof number});
    return number;
}

}  // namespace holm

#include "services/dns/name_key.h"

#include <algorithm>

namespace holm::dns {

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    const auto product =
        static_cast<unsigned __int128>(hash ^ word) * static_cast<unsigned __int128>(0xd6e8feb86659fd93);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// A label with its length in front; up to seven bytes behind it are read.
std::uint64_t hash_label(std::uint64_t hash, const std::byte* label, std::size_t size) {
    for (; size > 8; label += 8, size -= 8) hash = mix(hash, load_eight(label));
    return mix(hash, load_eight(label) & ~std::uint64_t{0} >> (64 - size * 8));
}

std::uint8_t lower_byte(std::byte byte) {
    const auto letter = std::to_integer<std::uint8_t>(byte);
    return letter >= 'A' && letter <= 'Z' ? static_cast<std::uint8_t>(letter + 0x20) : letter;
}

}  // namespace

std::size_t NameKey::assign(Bytes bytes) {
    std::size_t at = 0;
    std::size_t labels = 0;
    for (;;) {
        if (at >= bytes.size()) return 0;
        const auto length = std::to_integer<std::size_t>(bytes[at]);
        // The root's label must still fit, hence a byte less than the maximum.
        if (length > kMaximumLabel || at + length >= kMaximumName) return 0;
        offsets_[labels] = static_cast<std::uint8_t>(at);
        if (length == 0) break;
        ++labels;
        at += 1 + length;
    }
    size_ = at + 1;
    labels_ = labels;
    std::memcpy(lower_.data(), bytes.data(), size_);
    std::memset(lower_.data() + size_, 0, 8);
    for (std::size_t i = 0; i < size_; i += 8) {
        const std::uint64_t word = lower_eight(load_eight(lower_.data() + i));
        std::memcpy(lower_.data() + i, &word, sizeof(word));
    }
    hash_labels();
    return size_;
}

bool NameKey::assign_wildcard(const NameKey& of, std::size_t label) {
    const Bytes rest = of.lower(label);
    if (rest.size() + 2 > kMaximumName) return false;
    std::array<std::byte, kMaximumName> name;
    name[0] = std::byte{1};
    name[1] = std::byte{'*'};
    std::copy(rest.begin(), rest.end(), name.begin() + 2);
    return assign(Bytes(name).first(rest.size() + 2)) != 0;
}

void NameKey::hash_labels() {
    std::uint64_t hash = kRootHash;
    hashes_[labels_] = hash;
    for (std::size_t i = labels_; i-- > 0;) {
        hash = hash_label(hash, lower_.data() + offsets_[i], std::size_t{offsets_[i + 1]} - offsets_[i]);
        hashes_[i] = hash;
    }
}

bool NameKey::matches(std::size_t label, const std::byte* name, std::size_t size) const {
    const std::size_t from = offset(label);
    if (size != size_ - from) return false;
    const std::byte* own = lower_.data() + from;
    for (std::size_t i = 0; i < size; i += 8) {
        if (load_eight(own + i) != lower_eight(load_eight(name + i))) return false;
    }
    return true;
}

int NameKey::compare(Bytes name) const {
    std::array<std::uint8_t, kMaximumLabels + 1> offsets;
    std::size_t labels = 0;
    for (std::size_t at = 0; at < name.size() && name[at] != std::byte{0} && labels < kMaximumLabels;
         at += 1 + std::to_integer<std::size_t>(name[at])) {
        offsets[labels++] = static_cast<std::uint8_t>(at);
    }
    for (std::size_t i = 1; i <= std::min(labels_, labels); ++i) {
        const std::size_t own = offsets_[labels_ - i], other = offsets[labels - i];
        const auto own_length = std::to_integer<std::size_t>(lower_[own]);
        const auto length = std::min(std::to_integer<std::size_t>(name[other]), name.size() - other - 1);
        for (std::size_t k = 1; k <= std::min(own_length, length); ++k) {
            const int difference =
                int(std::to_integer<std::uint8_t>(lower_[own + k])) - lower_byte(name[other + k]);
            if (difference != 0) return difference;
        }
        if (own_length != length) return own_length < length ? -1 : 1;
    }
    return labels_ == labels ? 0 : labels_ < labels ? -1 : 1;
}

}  // namespace holm::dns

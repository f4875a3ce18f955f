#pragma once

// A name as zones are searched for it: in lower case, with the hash of each of its ancestors, which all come
// out of one pass because the hash of a name goes on from that of its parent. The same hash is used when the
// table is made.

#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "services/dns/protocol.h"

namespace holm::dns {

inline std::uint64_t load_eight(const std::byte* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

// Eight bytes at once. Lengths of labels are below 64, and no letters.
constexpr std::uint64_t lower_eight(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    const std::uint64_t low = word & 0x7f * kOnes;
    const std::uint64_t from_a = low + (0x80 - 'A') * kOnes, past_z = low + (0x7f - 'Z') * kOnes;
    const std::uint64_t is_upper = (from_a ^ past_z) & ~word & 0x80 * kOnes;
    return word | is_upper >> 2;
}

class NameKey {
  public:
    static constexpr std::uint64_t kRootHash = 0x9e3779b97f4a7c15;

    // The name at the start of `bytes`, not compressed. Its size; 0 if it is none.
    std::size_t assign(Bytes bytes);
    // "*" in front of the ancestor of `of` that has its labels from `label` on; false if that is too long.
    bool assign_wildcard(const NameKey& of, std::size_t label);

    std::size_t size() const { return size_; }
    std::size_t labels() const { return labels_; }
    // Where the label begins, from 0; that of labels() is the root's.
    std::size_t offset(std::size_t label) const { return offsets_[label]; }
    // Of the ancestor that begins at this label; 0 is the name itself.
    std::uint64_t hash(std::size_t label) const { return hashes_[label]; }
    Bytes lower(std::size_t label = 0) const {
        return Bytes(lower_).subspan(offset(label), size_ - offset(label));
    }

    // Whether the ancestor at `label` is this name, which may have capital letters. Precondition: `name` is
    // followed by zeros up to a multiple of 8 bytes.
    bool matches(std::size_t label, const std::byte* name, std::size_t size) const;
    // Below, equal, above in canonical order (RFC 4034, section 6.1), against a whole name.
    int compare(Bytes name) const;

  private:
    void hash_labels();

    std::size_t size_ = 0;
    std::size_t labels_ = 0;
    std::array<std::uint8_t, kMaximumLabels + 1> offsets_;
    std::array<std::uint64_t, kMaximumLabels + 1> hashes_;
    // Zeros behind the name, as many as are read with it.
    std::array<std::byte, kMaximumName + 1 + 8> lower_;
};

// Which of `count` slots a hash begins with, and its tag there.
constexpr std::uint32_t first_slot(std::uint64_t hash, std::uint32_t count) {
    return static_cast<std::uint32_t>((hash & 0xffffffff) * count >> 32);
}
constexpr std::uint32_t slot_tag(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace holm::dns

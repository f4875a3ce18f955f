#pragma once

// The domains of a search list, as DHCP and routers name them: names of the DNS, one behind the other, as
// they came. What reads them is net/resolve/search.h.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace holm::net::wire {

struct DomainList {
    // Names beyond are not taken: lists of real networks have one or two.
    static constexpr std::size_t kCapacity = 128;
    std::array<std::byte, kCapacity> bytes{};
    std::uint8_t size = 0;

    Bytes view() const { return std::span(bytes).first(size); }
    bool empty() const { return size == 0; }
    void clear() { size = 0; }
    // More of the same list: RFC 3396 lets an option come in parts.
    void append(Bytes more) {
        const std::size_t taken = std::min(more.size(), kCapacity - size);
        std::copy_n(more.begin(), taken, bytes.begin() + size);
        size = std::uint8_t(size + taken);
    }
    // One domain as text (DHCP option 15), if it fits.
    void assign_text(Bytes text) {
        clear();
        while (!text.empty() && text.back() == std::byte{0}) text = text.first(text.size() - 1);
        if (text.empty() || text.size() + 2 > kCapacity) return;
        std::size_t label = 0;  // where the length of the current one stands
        size = 1;
        for (const std::byte letter : text) {
            if (letter == std::byte{'.'}) {
                bytes[label] = std::byte(size - label - 1);
                label = size;
            }
            bytes[size++] = letter;
        }
        bytes[label] = std::byte(size - label - 1);
        if (bytes[label] != std::byte{0}) bytes[size++] = std::byte{0};  // else it ended with a dot
    }

    friend bool operator==(const DomainList& a, const DomainList& b) {
        return std::equal(a.view().begin(), a.view().end(), b.view().begin(), b.view().end());
    }
};

}  // namespace holm::net::wire

#include "net/resolve/name.h"

#include <algorithm>

namespace holm::net::resolve {

namespace {

bool is_letter(std::uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

std::uint8_t lower(std::uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? std::uint8_t(byte + 0x20) : byte;
}

bool may_stand_in_a_name(char letter) {
    const auto byte = std::uint8_t(letter);
    return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

}  // namespace

// In front of the empty label at the end, which stays.
bool DomainName::add_label(Bytes label) {
    if (label.empty() || label.size() > kMaximumLabel || size_ + 1 + label.size() > kMaximumSize)
        return false;
    bytes_[size_ - 1] = std::uint8_t(label.size());
    for (const std::byte letter : label) bytes_[size_++] = std::to_integer<std::uint8_t>(letter);
    bytes_[size_++] = 0;
    return true;
}

std::optional<DomainName> DomainName::parse(std::string_view text) {
    DomainName name;
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty()) return std::nullopt;
    for (;;) {
        const std::size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        if (!std::all_of(label.begin(), label.end(), may_stand_in_a_name) || !name.add_label(as_bytes(label)))
            return std::nullopt;
        if (dot == text.npos) return name;
        text.remove_prefix(dot + 1);
    }
}

std::optional<DomainName> DomainName::read(Bytes message, std::size_t position, std::size_t& end) {
    DomainName name;
    bool jumped = false;
    std::size_t lowest = position;  // a pointer must lead below everything read so far
    for (;;) {
        if (position >= message.size()) return std::nullopt;
        const std::uint8_t length = byte_at(message, position);
        if (length == 0) {
            if (!jumped) end = position + 1;
            return name;
        }
        if (length >> 6 == 3) {
            if (position + 2 > message.size()) return std::nullopt;
            const std::size_t target = std::size_t(length & 0x3f) << 8 | byte_at(message, position + 1);
            if (!jumped) end = position + 2;
            jumped = true;
            if (target >= lowest) return std::nullopt;
            position = lowest = target;
            continue;
        }
        if (length > kMaximumLabel || position + 1 + length > message.size() ||
            !name.add_label(message.subspan(position + 1, length)))
            return std::nullopt;
        position += 1 + std::size_t{length};
    }
}

std::size_t DomainName::labels() const {
    std::size_t count = 0;
    for (std::size_t at = 0; bytes_[at] != 0; at += 1 + std::size_t{bytes_[at]}) ++count;
    return count;
}

bool DomainName::is_host_name() const {
    for (std::size_t at = 0; bytes_[at] != 0; at += 1 + std::size_t{bytes_[at]})
        for (std::size_t i = 1; i <= bytes_[at]; ++i)
            if (!may_stand_in_a_name(char(bytes_[at + i]))) return false;
    return size_ > 1;
}

std::optional<DomainName> DomainName::within(const DomainName& domain) const {
    if (size_ - 1 + domain.size_ > kMaximumSize) return std::nullopt;
    DomainName whole = *this;
    std::copy_n(domain.bytes_.begin(), domain.size_, whole.bytes_.begin() + std::ptrdiff_t(size_ - 1));
    whole.size_ = size_ - 1 + domain.size_;
    return whole;
}

void DomainName::mix_case(std::uint64_t bits) {
    // Lengths are below 64 and no letters.
    for (std::size_t at = 0; at < size_; ++at) {
        if (!is_letter(bytes_[at])) continue;
        bytes_[at] = std::uint8_t(lower(bytes_[at]) - ((bits & 1) != 0 ? 0x20 : 0));
        bits = bits >> 1 | bits << 63;
    }
}

bool operator==(const DomainName& a, const DomainName& b) {
    return std::equal(a.bytes_.begin(), a.bytes_.begin() + std::ptrdiff_t(a.size_), b.bytes_.begin(),
                      b.bytes_.begin() + std::ptrdiff_t(b.size_),
                      [](std::uint8_t left, std::uint8_t right) { return lower(left) == lower(right); });
}

}  // namespace holm::net::resolve

#include "net/ndp/addresses.h"

#include <algorithm>
#include <cstring>

namespace holm::net::ndp {

const Address* AddressSet::find(const IpAddress& address) const {
    const auto found =
        std::find_if(all().begin(), all().end(), [&](const Address& own) { return own.address == address; });
    return found == all().end() ? nullptr : &*found;
}

Address* AddressSet::find(const IpAddress& address) {
    return const_cast<Address*>(std::as_const(*this).find(address));
}

Address* AddressSet::add(const Address& address) {
    if (count_ == kCapacity) return nullptr;
    addresses_[count_] = address;
    return &addresses_[count_++];
}

void AddressSet::remove(const Address& address) {
    const auto at = std::size_t(&address - addresses_.data());
    std::copy(addresses_.begin() + std::ptrdiff_t(at) + 1, addresses_.begin() + std::ptrdiff_t(count_),
              addresses_.begin() + std::ptrdiff_t(at));
    --count_;
}

namespace {

// RFC 5453: the subnet router's anycast address is zero, fdff:ffff:ffff:ff80 and above are anycast too,
// 0200:5eff:fe00:0000 to 0200:5eff:fe00:5212 are IANA's.
bool is_reserved(std::uint64_t identifier) {
    return identifier == 0 || (identifier >= 0xfdff'ffff'ffff'ff80 && identifier <= 0xfdff'ffff'ffff'ffff) ||
           (identifier >= 0x0200'5eff'fe00'0000 && identifier <= 0x0200'5eff'fe00'5212);
}

}  // namespace

IpAddress stable_address(const IpAddress& prefix, std::uint8_t interface, std::uint8_t counter,
                         const SipHashKey& secret) {
    std::byte message[16]{};
    std::memcpy(message, prefix.bytes().data(), 8);
    message[13] = std::byte(interface);
    message[14] = std::byte(counter);
    std::uint64_t identifier = 0;
    for (std::uint8_t round = 0; is_reserved(identifier); ++round) {
        message[15] = std::byte(round);
        identifier = siphash(secret, message);
    }
    auto bytes = prefix.bytes();
    for (int i = 0; i < 8; ++i) bytes[std::size_t(8 + i)] = std::uint8_t(identifier >> (56 - 8 * i));
    return IpAddress::v6(bytes);
}

IpAddress solicited_node(const IpAddress& address, std::uint8_t zone) {
    const auto& b = address.bytes();
    return IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, b[13], b[14], b[15]}).with_zone(zone);
}

}  // namespace holm::net::ndp

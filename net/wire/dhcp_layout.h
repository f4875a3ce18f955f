#pragma once

// What the messages of DHCP clients and servers have in common (RFC 2131, section 2; RFC 2132).

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "base/network_order.h"
#include "net/address.h"
#include "net/wire/layout.h"

namespace holm::net::wire::dhcp {

inline constexpr std::uint8_t kBootRequest = 1;
inline constexpr std::uint8_t kBootReply = 2;
inline constexpr std::uint32_t kMagic = 0x63825363;
inline constexpr std::uint16_t kBroadcastFlag = 0x8000;

enum Option : std::uint8_t {
    kPad = 0,
    kSubnetMask = 1,
    kRouter = 3,
    kDns = 6,
    kDomain = 15,
    kMtu = 26,
    kBroadcast = 28,
    kRequestedAddress = 50,
    kLeaseTime = 51,
    kOverload = 52,
    kMessageType = 53,
    kServer = 54,
    kParameters = 55,
    kMaximumMessage = 57,
    kRenewalTime = 58,
    kRebindingTime = 59,
    kClientIdentifier = 61,
    kSearch = 119,
    kEnd = 255,
};

struct Layout {
    std::uint8_t operation;
    std::uint8_t hardware;  // 1: Ethernet
    std::uint8_t hardware_size;
    std::uint8_t hops;
    NetU32 transaction;
    NetU16 seconds;
    NetU16 flags;
    NetU32 current;
    NetU32 yours;
    NetU32 next_server;
    NetU32 relay;
    MacAddress client;
    std::array<std::uint8_t, 10> client_padding;
    std::array<std::uint8_t, 64> server_name;
    std::array<std::uint8_t, 128> file;
    NetU32 magic;
};
static_assert(sizeof(Layout) == 240);

inline IpAddress address_at(Bytes value, std::size_t index = 0) {
    return IpAddress::v4(std::uint32_t{load<NetU32>(value.subspan(index * 4))});
}

// Calls take(kind, value) for each option of a field. False: one does not fit. Servers forget the end mark.
template <typename Take>
bool for_each_option(Bytes field, Take take) {
    while (!field.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(field[0]);
        if (kind == kEnd) return true;
        field = field.subspan(1);
        if (kind == kPad) continue;
        if (field.empty()) return false;
        const auto length = std::to_integer<std::size_t>(field[0]);
        if (length + 1 > field.size()) return false;
        take(kind, field.subspan(1, length));
        field = field.subspan(1 + length);
    }
    return true;
}

// Precondition of all: there is room.
class OptionWriter {
  public:
    explicit OptionWriter(MutableBytes to) : to_(to) {}
    void put(std::uint8_t byte) {
        to_[0] = std::byte{byte};
        to_ = to_.subspan(1);
    }
    void put(Option kind, std::initializer_list<std::uint8_t> value) {
        put(kind);
        put(std::uint8_t(value.size()));
        for (const std::uint8_t byte : value) put(byte);
    }
    void put(Option kind, const IpAddress& address) {
        const std::uint32_t bits = address.to_v4();
        put(kind, {std::uint8_t(bits >> 24), std::uint8_t(bits >> 16), std::uint8_t(bits >> 8),
                   std::uint8_t(bits)});
    }
    void put_number(Option kind, std::uint32_t value) { put(kind, IpAddress::v4(value)); }
    void put_bytes(Bytes bytes) {
        std::copy(bytes.begin(), bytes.end(), to_.begin());
        to_ = to_.subspan(bytes.size());
    }
    std::size_t room() const { return to_.size(); }

  private:
    MutableBytes to_;
};

}  // namespace holm::net::wire::dhcp

#pragma once

// One network interface: a device, its MAC address, its IPv4 address and its IPv6 host, and what Ethernet,
// ARP and neighbour discovery need to reach a neighbour from here.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "base/siphash.h"
#include "base/token_bucket.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/frame.h"
#include "net/link/address_guard.h"
#include "net/link/neighbors.h"
#include "net/link/waiting_room.h"
#include "net/multicast/membership.h"
#include "net/ndp/host.h"
#include "net/record_queue.h"

namespace holm::net::link {

struct Traffic {
    std::uint64_t frames_in = 0, bytes_in = 0;
    std::uint64_t frames_out = 0, bytes_out = 0;
};

// When a frame may go to the device.
enum class Urgency : std::uint8_t {
    kNow,       // from transmit() of a transport or a socket's send(); kFull is the transport's to deal with
    kDeferred,  // from inside receive(), which only changes state: copied to the output queue, dropped if
                // that is full
};

class Interface final : private ndp::Output {
  public:
    static constexpr std::size_t kOutputQueueBytes = 128 * 1024;
    static constexpr IpAddress kAllHosts = IpAddress::v4(224, 0, 0, 1);

    // Told of each frame that was given up because its next hop did not answer. `packet`: IP header first.
    class UnresolvedSink {
      public:
        virtual void unresolved(Instant now, const IpAddress& next_hop, Bytes packet) = 0;

      protected:
        ~UnresolvedSink() = default;
    };

    // `mtu` 0: the device's. The loopback interface (`loopback`) has no neighbours to resolve. `zone`: its
    // number among the interfaces of the stack, from 1.
    Interface(LinkDevice& device, MacAddress mac, std::uint16_t mtu, bool loopback, const SipHashKey& key,
              Counters& counters, std::uint8_t zone = 1);
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;

    MacAddress mac() const { return mac_; }
    std::uint16_t mtu() const { return mtu_; }
    // What the network says it carries, where that is less than the device does; less than 576 is not
    // believed.
    void limit_mtu(std::uint16_t mtu);
    bool is_loopback() const { return loopback_; }
    LinkDevice& device() { return device_; }
    const DeviceCapabilities& capabilities() const { return capabilities_; }
    const Traffic& traffic() const { return traffic_; }
    std::uint64_t address_conflicts() const { return guard_.conflicts(); }

    // The IPv4 address, 0.0.0.0 while there is none or it is being probed for.
    IpAddress address() const { return guard_.usable() || loopback_ ? address_ : IpAddress::any_v4(); }
    std::uint8_t prefix_length() const { return prefix_length_; }
    // An address of this interface, of either family.
    bool is_own(const IpAddress& address) const {
        if (!address.is_v4()) return ipv6_.is_own(address);
        return address == address_ && (guard_.usable() || loopback_) && !address.is_unspecified();
    }
    // The broadcast address of our own network (none with prefixes longer than 30 bits, RFC 3021).
    bool is_broadcast(const IpAddress& address) const;
    AddressGuard::State address_state() const { return guard_.state(); }

    void set_address(Instant now, IpAddress address, std::uint8_t prefix_length, AddressPolicy policy);
    void clear_address();

    // --- interface_v6.cpp ---
    // Takes a link-local address and, if that is wanted, listens to routers. Errors: kInvalid when the link
    // carries less than the 1280 bytes that IPv6 asks for.
    Result<> start_ipv6(Instant now, const ndp::Configuration& configuration);
    const ndp::Host& ipv6() const { return ipv6_; }
    std::uint8_t zone() const { return ipv6_.zone(); }
    // Bytes of an IPv6 packet that the link carries.
    std::uint16_t mtu_v6() const { return ipv6_.running() ? std::uint16_t(ipv6_.mtu()) : mtu_; }
    bool add_ipv6_address(Instant now, const IpAddress& address, std::uint8_t prefix_length,
                          ndp::Origin origin, Instant preferred_until = Instant::never(),
                          Instant valid_until = Instant::never()) {
        rare_known_ = false;
        return ipv6_.add_address(now, address, prefix_length, origin, preferred_until, valid_until, *this);
    }
    void remove_ipv6_address(Instant now, const IpAddress& address) {
        rare_known_ = false;
        ipv6_.remove_address(now, address, *this);
    }
    bool extend_ipv6_address(const IpAddress& address, Instant preferred_until, Instant valid_until) {
        rare_known_ = false;
        return ipv6_.extend_address(address, preferred_until, valid_until);
    }
    void receive_ndp(Instant now, const ndp::Heard& heard) {
        rare_known_ = false;
        ipv6_.receive(now, heard, *this);
    }
    void receive_mld(Instant now, const ndp::Heard& heard);
    // A router's message of neighbour discovery, from the address of link scope, its checksum left zero. To a
    // group or to a neighbour; lost if there is no such address yet, or the neighbour's MAC is not known.
    void send_ndp_message(Instant now, const IpAddress& destination, MutableBytes message);

    // Groups of either family that a socket wants to hear.
    multicast::Membership& listeners(const IpAddress& group) {
        rare_known_ = false;
        return group.is_v4() ? listeners_v4_ : listeners_;
    }
    bool listens(const IpAddress& group) const {
        if (group.is_v4()) return group == kAllHosts || listeners_v4_.listens(group);
        return ipv6_.listens(group) || listeners_.listens(group);
    }
    void receive_igmp(Instant now, const IpAddress& destination, std::uint8_t ttl, Bytes message);

    // While DHCP has no lease: UDP to any unicast address is taken, since servers may send an offer to the
    // address that they offer.
    bool configuring() const { return configuring_; }
    void set_configuring(bool on) { configuring_ = on; }
    // Only its VLANs are heard; what has no tag is of another network.
    bool tagged_only() const { return tagged_only_; }
    void set_tagged_only() { tagged_only_ = true; }

    // What was sent to this neighbour has arrived: it need not be asked for a while.
    void confirm(Instant now, const IpAddress& neighbor);

    // Both send a frame whose first piece is `headers`, which begins with room for the Ethernet header.
    TransmitResult send(Instant now, IpAddress next_hop, MutableBytes headers, std::span<const Bytes> pieces,
                        const Offload& offload, Urgency urgency);
    TransmitResult send_to_group(MacAddress group, std::uint16_t ether_type, MutableBytes headers,
                                 std::span<const Bytes> pieces, const Offload& offload, Urgency urgency);

    // Sends a packet in transit to a neighbour: `memory` ends with it, and has room for the Ethernet header
    // in front of it, and more for those of VLAN and device. Queued while the device is full or behind
    // others, dropped when the queue is full too. `owner` keeps the bytes alive if retained; null: they are
    // the caller's again afterwards.
    void forward(Instant now, const IpAddress& next_hop, MutableBytes memory, std::size_t packet_size,
                 const Offload& offload, BufferOwner* owner);

    void count_received(std::size_t bytes) { ++traffic_.frames_in, traffic_.bytes_in += bytes; }
    void receive_arp(Instant now, Bytes payload);

    // Sends what has been queued and the ARP messages that are due.
    void transmit(Instant now, UnresolvedSink& sink);
    // The device refused the last frame: transports wait, transmit() tries again.
    bool blocked() const { return blocked_; }
    bool gone() const { return gone_; }
    bool has_queued() const { return !queue_.empty(); }
    // Frames wait for the MAC address of their next hop.
    bool has_waiting() const { return waiting_.count() != 0; }
    // Each packet asks for it, and next to none changes anything but the neighbours'.
    Instant next_deadline() const {
        if (!rare_known_) look_for_rare_deadline();
        return std::min({rare_deadline_, neighbors_.next_deadline(), ipv6_.neighbors().next_deadline()});
    }

  private:
    void look_for_rare_deadline() const;
    TransmitResult emit(std::span<const Bytes> pieces, const Offload& offload, Urgency urgency);
    void enqueue(std::span<const Bytes> pieces, const Offload& offload);
    void flush();
    void send_arp(const wire::ArpMessage& message, MacAddress destination);

    // --- interface_v6.cpp ---
    void send_ndp(const IpAddress& source, const IpAddress& destination, const std::optional<MacAddress>& mac,
                  MutableBytes message) override;
    void resolved(const IpAddress& neighbor, MacAddress mac) override;
    void unresolved(Instant now, const IpAddress& neighbor) override;
    void join(Instant now, const IpAddress& group) override { listeners_.join(now, group); }
    void leave(Instant now, const IpAddress& group) override { listeners_.leave(now, group); }
    void send_icmpv6(const IpAddress& source, const IpAddress& destination, MacAddress mac,
                     std::uint8_t hop_limit, Bytes extension, MutableBytes message);
    void transmit_ipv6(Instant now, UnresolvedSink& sink);
    void transmit_igmp(Instant now);

    LinkDevice& device_;
    Counters& counters_;
    DeviceCapabilities capabilities_;
    MacAddress mac_;
    std::uint16_t mtu_;
    bool loopback_;
    bool tagged_only_ = false;
    bool configuring_ = false;
    bool blocked_ = false;
    bool gone_ = false;
    std::uint8_t prefix_length_ = 0;
    IpAddress address_ = IpAddress::any_v4();
    Traffic traffic_;
    KeyedRandom random_;
    TokenBucket replies_{1000, 100};  // ARP replies a second, at once
    NeighborCache neighbors_;
    AddressGuard guard_;
    WaitingRoom waiting_;
    ndp::Host ipv6_;
    multicast::Membership listeners_;     // groups of IPv6
    multicast::Membership listeners_v4_;  // groups of IPv4
    UnresolvedSink* sink_ = nullptr;      // while transmit() runs
    RecordQueue queue_{kOutputQueueBytes};
    // The first of all deadlines but the neighbours', if it is known: whatever may move one forgets it.
    mutable Instant rare_deadline_;
    mutable bool rare_known_ = false;
};

}  // namespace holm::net::link

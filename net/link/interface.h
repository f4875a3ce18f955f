#pragma once

// One network interface: a device, its MAC address, its IPv4 address, and what Ethernet and ARP need to reach
// a neighbour from here.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/siphash.h"
#include "base/token_bucket.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/frame.h"
#include "net/link/address_guard.h"
#include "net/link/neighbors.h"
#include "net/link/waiting_room.h"
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

class Interface {
  public:
    static constexpr std::size_t kOutputQueueBytes = 128 * 1024;

    // Told of each frame that was given up because its next hop did not answer. `packet`: IP header first.
    class UnresolvedSink {
      public:
        virtual void unresolved(Instant now, Bytes packet) = 0;

      protected:
        ~UnresolvedSink() = default;
    };

    // `mtu` 0: the device's. The loopback interface (`loopback`) has no neighbours to resolve.
    Interface(LinkDevice& device, MacAddress mac, std::uint16_t mtu, bool loopback, const SipHashKey& key,
              Counters& counters);
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;

    MacAddress mac() const { return mac_; }
    std::uint16_t mtu() const { return mtu_; }
    // What the network says it carries, where that is less than the device does; less than 576 is not
    // believed.
    void limit_mtu(std::uint16_t mtu);
    bool is_loopback() const { return loopback_; }
    const DeviceCapabilities& capabilities() const { return capabilities_; }
    const Traffic& traffic() const { return traffic_; }
    std::uint64_t address_conflicts() const { return guard_.conflicts(); }

    // The IPv4 address, 0.0.0.0 while there is none or it is being probed for.
    IpAddress address() const { return guard_.usable() || loopback_ ? address_ : IpAddress::any_v4(); }
    std::uint8_t prefix_length() const { return prefix_length_; }
    bool is_own(IpAddress address) const { return address == address_ && !this->address().is_unspecified(); }
    // The broadcast address of our own network (none with prefixes longer than 30 bits, RFC 3021).
    bool is_broadcast(IpAddress address) const;
    AddressGuard::State address_state() const { return guard_.state(); }

    void set_address(Instant now, IpAddress address, std::uint8_t prefix_length, AddressPolicy policy);
    void clear_address();

    // While DHCP has no lease: UDP to any unicast address is taken, since servers may send an offer to the
    // address that they offer.
    bool configuring() const { return configuring_; }
    void set_configuring(bool on) { configuring_ = on; }

    // Both send a frame whose first piece is `headers`, which begins with room for the Ethernet header.
    TransmitResult send(Instant now, IpAddress next_hop, MutableBytes headers, std::span<const Bytes> pieces,
                        const Offload& offload, Urgency urgency);
    TransmitResult send_to_group(MacAddress group, MutableBytes headers, std::span<const Bytes> pieces,
                                 const Offload& offload, Urgency urgency);

    void count_received(std::size_t bytes) { ++traffic_.frames_in, traffic_.bytes_in += bytes; }
    void receive_arp(Instant now, Bytes payload);

    // Sends what has been queued and the ARP messages that are due.
    void transmit(Instant now, UnresolvedSink& sink);
    // The device refused the last frame: transports wait, transmit() tries again.
    bool blocked() const { return blocked_; }
    bool gone() const { return gone_; }
    bool has_queued() const { return !queue_.empty(); }
    Instant next_deadline() const;

  private:
    TransmitResult emit(std::span<const Bytes> pieces, const Offload& offload, Urgency urgency);
    void enqueue(std::span<const Bytes> pieces, const Offload& offload);
    void flush();
    void send_arp(const wire::ArpMessage& message, MacAddress destination);

    LinkDevice& device_;
    Counters& counters_;
    DeviceCapabilities capabilities_;
    MacAddress mac_;
    std::uint16_t mtu_;
    bool loopback_;
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
    RecordQueue queue_{kOutputQueueBytes};
};

}  // namespace holm::net::link

#pragma once

// The TCP/IP stack of one core. Everything that changes hangs off a Stack; time, randomness and devices are
// arguments.
//
//   receive(now, interface, frame)   changes state only; sockets notify their observers
//   transmit(now)                    sends whatever is due, until the devices are full
//   next_deadline()                  when transmit() is due again even if nothing arrives
//
// The owner calls transmit() after a batch of receive() and after the tasks that it woke have run.

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/instant.h"
#include "base/observer.h"
#include "base/result.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/dhcp/binding.h"
#include "net/dhcp/binding_v6.h"
#include "net/drop.h"
#include "net/forwarder.h"
#include "net/frame.h"
#include "net/icmp/layer.h"
#include "net/icmp/layer_v6.h"
#include "net/ip/layer.h"
#include "net/link/interface.h"
#include "net/link/loopback.h"
#include "net/link/vlan_device.h"
#include "net/resolve/search.h"
#include "net/tcp/layer.h"
#include "net/udp/layer.h"

namespace holm::net {

using Interface = link::Interface;

struct InterfaceConfiguration {
    MacAddress mac;
    std::uint16_t mtu = 0;  // bytes of an IP packet; 0: the device's
    // 0.0.0.0: none yet.
    IpAddress address = IpAddress::any_v4();
    std::uint8_t prefix_length = 0;
    IpAddress gateway = IpAddress::any_v4();  // 0.0.0.0: no default route here
    link::AddressPolicy policy = link::AddressPolicy::kAnnounce;
};

// IPv6 on an interface. Every interface that has it has a link-local address.
struct Ipv6Configuration {
    // ::: none but what routers tell of.
    IpAddress address;
    std::uint8_t prefix_length = 64;
    IpAddress gateway;  // ::: no default route but what routers tell of
    // Listen to routers (SLAAC, RFC 4862).
    bool autoconfigure = true;
    // Ask for an address by DHCPv6 at once, not only when a router says so.
    bool dhcp = false;
    bool accept_redirects = false;
    // kAnnounce: addresses are used while duplicates of them are looked for (RFC 4429).
    link::AddressPolicy policy = link::AddressPolicy::kAnnounce;
    // Unpredictable to others, and the same whenever the instance shall have the same addresses (RFC 7217).
    SipHashKey secret;
    // This machine forwards packets, and says so to its neighbours.
    bool router = false;
};

class Stack final : private ip::Upper {
  public:
    struct Configuration {
        // 32 unpredictable bytes: the keys of initial sequence numbers, ports, identifications and hash
        // tables.
        std::array<std::byte, 32> secret{};
        udp::Configuration udp;
        tcp::Configuration tcp;  // its secret is derived from the one above
    };

    explicit Stack(const Configuration& configuration);
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;

    // The device outlives the stack. Errors: kTooManyOpen beyond ip::Layer::kMaximumInterfaces - 1,
    // kOutOfMemory, kInvalid for an address or a prefix that no host can have.
    Result<Interface*> add_interface(Instant now, LinkDevice& device,
                                     const InterfaceConfiguration& configuration);
    // A VLAN of a trunk as an interface of its own, with the trunk's MAC address. Errors: kInvalid for an id
    // that is none or a trunk that is itself a VLAN, kExists, those of add_interface().
    Result<Interface*> add_vlan(Instant now, Interface& trunk, std::uint16_t id,
                                InterfaceConfiguration configuration);
    std::span<Interface* const> interfaces() const { return ip_.interfaces(); }

    // Gives an interface another address; `gateway` 0.0.0.0: no default route; `spare`, if there is one,
    // takes its place when it does not answer. Errors: kInvalid, as above.
    Result<> set_address(Instant now, Interface& interface, const IpAddress& address,
                         std::uint8_t prefix_length, const IpAddress& gateway, link::AddressPolicy policy,
                         const IpAddress& spare = IpAddress::any_v4());
    void clear_address(Interface& interface);
    // IPv6 from now on. Errors: kInvalid for an address that no host can have or a link that is too narrow,
    // kNoSpace when routes or addresses are too many.
    Result<> start_ipv6(Instant now, Interface& interface, const Ipv6Configuration& configuration);
    // One more address of an interface that has IPv6, and the way to its prefix. Errors: as above.
    Result<> add_ipv6_address(Instant now, Interface& interface, const IpAddress& address,
                              std::uint8_t prefix_length);
    // From now on the interface has the address that a DHCP server leases to it. Errors: kOutOfMemory,
    // kAlready.
    Result<> start_dhcp(Instant now, Interface& interface,
                        link::AddressPolicy policy = link::AddressPolicy::kAnnounce);
    // The instance ends: leases are given back, and the forwarder takes its leave.
    void leave(Instant now);
    // Frames wait for the MAC address of their next hop.
    bool has_waiting() const;
    // The lease of an interface; null if it has none.
    const dhcp::Lease* lease(const Interface& interface) const;
    // DNS servers that DHCPv6 has named for an interface.
    std::span<const IpAddress> dhcp_v6_dns(const Interface& interface) const;
    // The domains in which short names are looked for, as DHCP and routers have named them for an interface.
    resolve::SearchList search_list(const Interface& interface) const;
    // Told when DHCP, a router or the detection of duplicates has changed an interface's addresses.
    void set_address_observer(Observer* observer) { address_observer_ = observer; }

    // From now on frames are shown to a router first, which outlives the stack or is taken back with null.
    void set_forwarder(Forwarder* forwarder) {
        forwarder_ = forwarder;
        ip_.set_forwarder(forwarder);
    }
    // The interface of a VLAN on this trunk; null: there is none.
    Interface* vlan_of(const Interface& trunk, std::uint16_t id) const;

    // Frames that came together, all of which stay where they are until this returns. Those of a VLAN go to
    // the interface that add_vlan() made.
    void receive(Instant now, Interface& interface, std::span<const ReceivedFrame> frames);
    void receive(Instant now, Interface& interface, const ReceivedFrame& frame) {
        receive(now, interface, {&frame, 1});
    }
    void transmit(Instant now);
    Instant next_deadline() const;

    ip::Layer& ip() { return ip_; }
    icmp::Layer& icmp() { return icmp_; }
    icmp::LayerV6& icmp_v6() { return icmp_v6_; }
    udp::Layer& udp() { return udp_; }
    tcp::Layer& tcp() { return tcp_; }
    const Counters& counters() const { return counters_; }

  private:
    void take_in(Instant now, Interface& physical, const ReceivedFrame& frame);
    void deliver(Instant now, ip::Protocol protocol, const ip::Received& received, Bytes payload) override;
    bool report(Instant now, ip::Protocol protocol, const ip::ErrorReport& error) override;
    void reassembly_failed(Instant now, const ip::Received& received) override;
    void refused(Instant now, const ip::Received& received, const wire::ExtensionProblem& problem) override;
    void deliver_v6(Instant now, ip::Protocol protocol, const ip::Received& received, Bytes payload);
    void run_configuration(Instant now);
    void follow_routers(Instant now);
    // Of what there may be for each interface, what there can be now: rounds are too short to look at all.
    auto present(const auto& each) const { return std::span(each).first(ip_.interfaces().size()); }
    SipHashKey derive_key(std::uint64_t purpose) const;
    tcp::Configuration with_secret(tcp::Configuration configuration) const;

    // --- stack_addresses.cpp ---
    void follow_routers_on(Instant now, std::size_t index);
    // --- stack_leases.cpp ---
    void start_dhcp_v6(Instant now, std::size_t index, bool with_address);
    void take_lease(Instant now, dhcp::Binding& binding);

    // What the secret's derived keys are for.
    enum Purpose : std::uint64_t {
        kIdentification = 1,
        kUdpPorts,
        kIcmpIdentifier,
        kTcp,
        kTcpMore,
        kInterface = 0x100,
        kDhcp = 0x200,
        kDhcpV6 = 0x300,
    };

    std::array<SipHashKey, 2> secret_;
    Counters counters_;
    ip::Layer ip_;
    icmp::Layer icmp_;
    icmp::LayerV6 icmp_v6_;
    udp::Layer udp_;
    OutgoingReferences references_;
    tcp::Layer tcp_;
    link::LoopbackDevice loopback_device_;
    Interface loopback_;
    std::array<std::unique_ptr<Interface>, ip::Layer::kMaximumInterfaces> owned_;
    struct Vlan {
        Interface* trunk;
        Interface* interface;
        link::VlanDevice device;
    };
    std::array<std::unique_ptr<Vlan>, ip::Layer::kMaximumInterfaces> vlans_;
    // Theirs, looked through for each tagged frame: 0 where there is none.
    std::array<std::uint16_t, ip::Layer::kMaximumInterfaces> vlan_ids_{};
    std::array<std::unique_ptr<dhcp::Binding>, ip::Layer::kMaximumInterfaces> dhcp_;  // where it is wanted
    std::array<std::unique_ptr<dhcp::BindingV6>, ip::Layer::kMaximumInterfaces> dhcp_v6_;
    std::array<std::uint32_t, ip::Layer::kMaximumInterfaces> discovery_seen_{};
    Observer* address_observer_ = nullptr;
    Forwarder* forwarder_ = nullptr;
};

}  // namespace holm::net

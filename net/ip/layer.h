#pragma once

// IPv4 and IPv6: validates what comes in, finds the way for what goes out (RFC 791, RFC 1122 section 3;
// RFC 8200).

#include <array>
#include <cstdint>
#include <span>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/drop.h"
#include "net/forwarder.h"
#include "net/frame.h"
#include "net/ip/input.h"
#include "net/ip/output.h"
#include "net/ip/path_mtu.h"
#include "net/ip/reassembly.h"
#include "net/ip/routes.h"
#include "net/link/interface.h"
#include "net/wire/ipv6_extensions.h"

namespace holm::net::ip {

// Who stands above IP.
class Upper {
  public:
    // A whole datagram for us. `protocol` may be any number.
    virtual void deliver(Instant now, Protocol protocol, const Received& received, Bytes payload) = 0;
    // A packet of ours did not get through, it is said. False: nobody has sent it, or it has arrived.
    virtual bool report(Instant now, Protocol protocol, const ErrorReport& error) = 0;
    // A fragmented datagram did not become whole in time; `received` tells about its beginning.
    virtual void reassembly_failed(Instant now, const Received& received) = 0;
    // An IPv6 packet whose headers cannot be followed, and whose sender is to be told.
    virtual void refused(Instant now, const Received& received, const wire::ExtensionProblem& problem) = 0;

  protected:
    ~Upper() = default;
};

class Layer final : public IpOutput, public Groups, public link::Interface::UnresolvedSink {
  public:
    static constexpr std::size_t kMaximumInterfaces = 128;  // the loopback interface included

    Layer(const SipHashKey& key, Counters& counters, Upper& upper)
        : counters_(counters), upper_(upper), key_(key), reassembler_(counters) {}

    // Precondition: fewer than kMaximumInterfaces so far. The interface outlives the layer.
    void attach(link::Interface& interface) { interfaces_[interface_count_++] = &interface; }
    std::span<link::Interface* const> interfaces() const { return {interfaces_.data(), interface_count_}; }
    RouteTable& routes() { return routes_; }
    PathMtuCache& path_mtu() { return path_mtu_; }
    void set_forwarder(Forwarder* forwarder) { forwarder_ = forwarder; }

    // `packet`: IP header first, perhaps with padding behind it. `link_group`: it came in a frame to a group
    // address.
    void receive(Instant now, link::Interface& interface, Bytes packet, const Offload& offload,
                 bool link_group, BufferOwner* owner);

    void receive_v6(Instant now, link::Interface& interface, Bytes packet, const Offload& offload,
                    bool link_group, BufferOwner* owner);

    // Gives up fragmented datagrams and path MTUs whose time is over.
    void expire(Instant now);
    Instant next_deadline() const { return reassembler_.next_deadline(); }

    TransmitResult send(Instant now, const Packet& packet) override {
        return send(now, packet, link::Urgency::kNow, nullptr);
    }
    // The general form. `via`: leave through this interface whatever the routes say (DHCP); null: by the
    // routes.
    TransmitResult send(Instant now, const Packet& packet, link::Urgency urgency, link::Interface* via);
    Result<Route> route(const IpAddress& destination, const IpAddress& source) const override;

    Result<std::uint8_t> zone_of_group(const IpAddress& group) const override;
    Result<> join_group(const IpAddress& group, std::uint8_t zone,
                        multicast::FilteringMember* member) override;
    void leave_group(const IpAddress& group, std::uint8_t zone, multicast::FilteringMember* member) override;
    void group_filter_changed(const IpAddress& group, std::uint8_t zone) override;

    bool is_own(const IpAddress& address) const;
    // An address that more than one host listens to.
    bool is_group(const IpAddress& address) const;

    void unresolved(Instant now, const IpAddress& next_hop, Bytes packet) override;

    // The interface that a packet to a group belongs to: of what comes back through the loopback interface
    // the one that it left by. Null: it can be none of ours.
    link::Interface* interface_of_group(link::Interface& interface, const IpAddress& source) const {
        return interface.is_loopback() && !source.is_loopback() ? interface_of(source) : &interface;
    }
    // An address as it came from a wire, in the zone of that link if it is of link scope.
    IpAddress with_zone(const IpAddress& address, const link::Interface& interface) const;

  private:
    struct Hop {
        link::Interface* interface = nullptr;
        IpAddress address;   // the neighbour to send to
        bool group = false;  // a broadcast or multicast address instead
        bool loops = false;  // members of that group on this host are to hear it too
    };
    Hop next_hop(const IpAddress& destination, const IpAddress& source, link::Interface* via) const;
    link::Interface* interface_of(const IpAddress& own) const;
    link::Interface* interface_numbered(std::uint8_t zone) const;
    // Where what is sent to a group leaves: by the group's zone, by the source, by the routes.
    link::Interface* interface_for_group(const IpAddress& group, const IpAddress& source) const;
    bool loops(const Packet& packet, const Hop& hop) const;
    // By a router's table if there is one, else by our own.
    Hop hop_by_routes(const IpAddress& destination) const;
    link::Interface* loopback() const;
    // `most`: what fragments may have if a forwarder is to cut the packet, else 0.
    TransmitResult put(Instant now, const Hop& hop, MutableBytes headers, std::span<const Bytes> pieces,
                       const Offload& offload, link::Urgency urgency, std::size_t most = 0);
    bool is_looked_at(const Hop& hop) const {
        return forwarder_ && !hop.interface->is_loopback() && forwarder_->looks_at_output(*hop.interface);
    }
    TransmitResult fragment(Instant now, const Packet& packet, const Hop& hop, std::size_t mtu,
                            link::Urgency urgency);
    TransmitResult put_fragment(Instant now, const Hop& hop, MutableBytes headers,
                                std::span<const Bytes> pieces, bool first, link::Urgency& urgency);
    std::uint64_t flow_hash(const Packet& packet) const;
    std::uint32_t next_identification(const Packet& packet);

    // --- output_v6.cpp ---
    Hop next_hop_v6(const IpAddress& destination, const IpAddress& source, link::Interface* via) const;
    IpAddress source_v6(const Hop& hop, const IpAddress& destination) const;
    // The interface whose link an address of link scope means; null if that cannot be said.
    link::Interface* interface_in(const IpAddress& scoped) const;

    // --- input_v6.cpp ---
    void receive_fragment(Instant now, Received& received, const wire::Ipv6Header& header,
                          const wire::ExtensionChain& chain);
    void unresolved_v6(Instant now, Bytes packet);
    void refuse(Instant now, const Received& received, const wire::ExtensionProblem& problem);
    void hand_up(Instant now, Received& received, const wire::ExtensionChain& chain);

    Counters& counters_;
    Upper& upper_;
    SipHashKey key_;
    std::array<link::Interface*, kMaximumInterfaces> interfaces_{};
    std::size_t interface_count_ = 0;
    RouteTable routes_;
    Reassembler reassembler_;
    // Counters for the identification field, one chosen by the keyed hash of the addresses: what one
    // destination sees tells nothing about the traffic to others (RFC 7739 makes the case).
    std::array<std::uint32_t, 64> identifications_{};
    PathMtuCache path_mtu_;
    Instant seen_;  // the latest time that we were told
    Forwarder* forwarder_ = nullptr;
};

}  // namespace holm::net::ip

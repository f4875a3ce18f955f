#pragma once

// IPv4: validates what comes in, finds the way for what goes out (RFC 791, RFC 1122 section 3).

#include <array>
#include <cstdint>
#include <span>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/drop.h"
#include "net/frame.h"
#include "net/ip/input.h"
#include "net/ip/output.h"
#include "net/ip/reassembly.h"
#include "net/ip/routes.h"
#include "net/link/interface.h"

namespace holm::net::ip {

// Who stands above IP.
class Upper {
  public:
    // A whole datagram for us. `protocol` may be any number.
    virtual void deliver(Instant now, Protocol protocol, const Received& received, Bytes payload) = 0;
    // A packet of ours did not get through.
    virtual void report(Instant now, Protocol protocol, const ErrorReport& error) = 0;
    // A fragmented datagram did not become whole in time; `received` tells about its beginning.
    virtual void reassembly_failed(Instant now, const Received& received) = 0;

  protected:
    ~Upper() = default;
};

class Layer final : public IpOutput, public link::Interface::UnresolvedSink {
  public:
    static constexpr std::size_t kMaximumInterfaces = 8;  // the loopback interface included

    Layer(const SipHashKey& key, Counters& counters, Upper& upper)
        : counters_(counters), upper_(upper), key_(key), reassembler_(counters) {}

    // Precondition: fewer than kMaximumInterfaces so far. The interface outlives the layer.
    void attach(link::Interface& interface) { interfaces_[interface_count_++] = &interface; }
    std::span<link::Interface* const> interfaces() const { return {interfaces_.data(), interface_count_}; }
    RouteTable& routes() { return routes_; }

    // `packet`: IP header first, perhaps with padding behind it. `link_group`: it came in a frame to a group
    // address.
    void receive(Instant now, link::Interface& interface, Bytes packet, const Offload& offload,
                 bool link_group, BufferOwner* owner);

    // Gives up fragmented datagrams whose time is over.
    void expire(Instant now);
    Instant next_deadline() const { return reassembler_.next_deadline(); }

    TransmitResult send(Instant now, const Packet& packet) override {
        return send(now, packet, link::Urgency::kNow, nullptr);
    }
    // The general form. `via`: leave through this interface whatever the routes say (DHCP); null: by the
    // routes.
    TransmitResult send(Instant now, const Packet& packet, link::Urgency urgency, link::Interface* via);
    Result<Route> route(const IpAddress& destination, const IpAddress& source) const override;

    bool is_own(const IpAddress& address) const;
    // An address that more than one host listens to.
    bool is_group(const IpAddress& address) const;

    void unresolved(Instant now, Bytes packet) override;

  private:
    struct Hop {
        link::Interface* interface = nullptr;
        IpAddress address;   // the neighbour to send to
        bool group = false;  // a broadcast or multicast address instead
    };
    Hop next_hop(const IpAddress& destination, const IpAddress& source, link::Interface* via) const;
    link::Interface* interface_of(const IpAddress& own) const;
    link::Interface* loopback() const;
    TransmitResult put(Instant now, const Hop& hop, MutableBytes headers, std::span<const Bytes> pieces,
                       const Offload& offload, link::Urgency urgency);
    TransmitResult fragment(Instant now, const Packet& packet, const Hop& hop, link::Urgency urgency);
    std::uint16_t next_identification(const Packet& packet);

    Counters& counters_;
    Upper& upper_;
    SipHashKey key_;
    std::array<link::Interface*, kMaximumInterfaces> interfaces_{};
    std::size_t interface_count_ = 0;
    RouteTable routes_;
    Reassembler reassembler_;
    // Counters for the identification field, one chosen by the keyed hash of the addresses: what one
    // destination sees tells nothing about the traffic to others (RFC 7739 makes the case).
    std::array<std::uint16_t, 64> identifications_{};
};

}  // namespace holm::net::ip

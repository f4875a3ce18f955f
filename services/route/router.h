#pragma once

// A router around a stack: frames for others leave by another interface, those for the router go up to the
// stack (RFC 1812; RFC 8200 for IPv6). Sans-I/O, as the stack is: it hangs in the stack as its Forwarder, and
// who owns the stack need not know.
//
// A packet in transit stays where the device has put it: its link header is written anew in front of it, TTL
// and checksum change in place, and the device sends it from there. Super-frames (GSO) pass whole where what
// they carry fits the link. What needs more, and is rare, is copied.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/instant.h"
#include "base/result.h"
#include "base/siphash.h"
#include "base/token_bucket.h"
#include "net/forwarder.h"
#include "net/record_queue.h"
#include "net/stack.h"
#include "services/packet/hooks.h"
#include "services/packet/packet.h"
#include "services/route/advertiser.h"
#include "services/route/cut.h"
#include "services/route/dhcp_server.h"
#include "services/route/drop.h"
#include "services/route/routes.h"
#include "services/route/table.h"
#include "services/route/way_cache.h"

namespace holm::route {

class Router final : public net::Forwarder, public packet::HookHost {
  public:
    static constexpr std::size_t kInjected = 64 * 1024;  // bytes of packets that hooks want sent
    static constexpr std::int64_t kRedirectsPerSecond = 10;

    // The table, and the memory it lies in, outlive the router, as the stack does. `key`: unpredictable.
    Router(net::Stack& stack, const Table& table, const SipHashKey& key);
    // Hosts are told to look for another one: leave().
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    // Gives an interface of the table (its index) to the router: sets its addresses and the rest of its
    // configuration. One that has an address already keeps it. Errors: those of the stack.
    Result<> attach(Instant now, std::size_t index, net::Interface& interface);

    // Null: none. They outlive the router or are taken away again.
    void set_hooks(packet::Hooks* hooks) { hooks_ = hooks; }

    std::size_t interface_count() const { return table_.interfaces().size(); }
    const Counters& counters(std::size_t index) const { return ports_[index].counters; }
    // Null: the device is not there.
    const net::Interface* interface(std::size_t index) const { return ports_[index].interface; }
    const Table& table() const { return table_; }

    // net::Forwarder.
    bool receive(Instant now, net::Interface& physical, const net::ReceivedFrame& frame) override;
    void transmit(Instant now) override;
    Instant next_deadline() const override;
    void leave(Instant now) override;
    std::optional<Forwarder::Way> way_to(const net::IpAddress& destination) const override;
    bool looks_at_output(const net::Interface& interface) const override;
    std::optional<net::TransmitResult> output(Instant now, net::Interface& interface,
                                              const net::IpAddress& next_hop, MutableBytes headers,
                                              std::span<const Bytes> pieces, const net::Offload& offload,
                                              std::size_t most) override;
    bool unresolved(Instant now, Bytes packet) override;

    // packet::HookHost.
    void send(Instant now, Bytes ip_packet, const packet::FlowNote& note) override;
    net::IpAddress address_of(std::uint16_t interface, packet::Family family) const override;

  private:
    struct Port {
        net::Interface* interface = nullptr;
        ReversePath reverse_path = ReversePath::kOff;
        bool redirects = false;
        bool dynamic = false;  // its addresses come and go
        Counters counters;
        std::unique_ptr<DhcpServer> dhcp;
        std::unique_ptr<Advertiser> advertiser;
    };
    // Where the packet lies: what may be written in front of it, and who keeps it.
    struct Place {
        MutableBytes memory;  // ends with the frame
        net::BufferOwner* owner = nullptr;
    };
    struct Errand {
        Instant now;
        std::uint8_t in = kNoInterface;
        Place place;
    };
    class Pieces;
    class GroupPieces;

    std::uint8_t port_of(const net::Interface& interface) const { return by_zone_[interface.zone()]; }
    bool drop(std::uint8_t in, Drop reason);
    static Drop reason_of(net::Drop parse_error);

    void take(const Errand& errand, packet::Packet& packet, bool link_group);
    bool source_is_sound(const Errand& errand, const packet::Packet& packet);
    void deliver(const Errand& errand, packet::Packet& packet, bool group);

    // --- transit.cpp ---
    void forward(const Errand& errand, packet::Packet& packet, const route::Way& way);
    void refuse(const Errand& errand, const packet::Packet& packet, const route::Way& way);

    // --- egress.cpp ---
    static bool holds(const Place& place, const packet::Packet& packet);
    static bool fits(const packet::Packet& packet, std::size_t mtu);
    static bool may_fragment(const packet::Packet& packet);
    void emit(Instant now, std::uint8_t out, const net::IpAddress& next_hop, packet::Packet& packet,
              const Place& place);
    static std::size_t mtu_of(const net::Interface& interface, bool v4) {
        return v4 ? interface.mtu() : interface.mtu_v6();
    }
    std::uint32_t flow_of(const packet::Packet& packet) const;
    // `chosen`: there are several, of which the packet's flow has chosen one.
    std::optional<route::Way> way_of(const packet::Packet& packet, bool& chosen) const;

    // --- own_packets.cpp ---
    struct OwnPacket {
        std::span<const Bytes> pieces;  // room for the link header first
        net::Offload offload;
        packet::FlowNote note;
        std::size_t most = 0;  // bytes of a fragment; 0: it leaves whole
    };
    net::TransmitResult send_own(Instant now, std::uint8_t out, const net::IpAddress& next_hop,
                                 const OwnPacket& own);
    void emit_to_group(std::uint8_t out, const net::IpAddress& group, packet::Packet& packet);
    void run_injected(Instant now);

    // --- host_services.cpp ---
    Result<> start_services(Instant now, Port& port, const InterfaceRecord& record);
    // False: it is for the stack.
    bool serve(const Errand& errand, Port& port, const packet::Packet& packet);
    void serve_dhcp(Instant now, Port& port, const packet::Packet& packet);
    void run_advertisers(Instant now);

    // --- errors.cpp ---
    enum class Trouble : std::uint8_t {
        kNoRoute,
        kUnreachable,
        kProhibited,
        kHopLimit,
        kTooBig,
        kSourceRoute,
        kScope
    };
    // `packet`: a whole IP header at least.
    void tell(Instant now, Trouble trouble, Bytes packet, std::uint32_t value = 0);
    void redirect(const Errand& errand, const packet::Packet& packet, const route::Way& way);
    void redirect_v6(const Errand& errand, const packet::Packet& packet, const route::Way& way);

    // --- dynamic.cpp ---
    void refresh_dynamic();

    net::Stack& stack_;
    Table table_;
    Routes routes_;
    WayCache known_;
    SipHashKey key_;
    KeyedRandom random_;
    packet::Hooks* hooks_ = nullptr;
    std::array<Port, kMaximumInterfaces> ports_;
    std::array<std::uint8_t, 256> by_zone_;
    bool any_dynamic_ = false;
    Instant advertise_at_ = Instant::never();
    Instant seen_;  // when it last sent what was due
    TokenBucket redirects_{kRedirectsPerSecond, kRedirectsPerSecond};
    Cutter cutter_;
    // Frames that came in memory that is not to be written to, and packets of the stack's own that hooks look
    // at: one of each at a time.
    std::unique_ptr<std::byte[]> inward_, outward_;
    net::RecordQueue injected_{kInjected};
};

}  // namespace holm::route

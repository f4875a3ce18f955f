#pragma once

// A router in process, with fake devices around it whose links are full of neighbours: every address that the
// router asks for answers, unless a test says that it is silent.

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "net/stack.h"
#include "net/wire/arp.h"
#include "net/wire/icmpv6.h"
#include "net/wire/ndp.h"
#include "services/route/router.h"
#include "services/route/table_builder.h"
#include "tests/support/fake_link_v6.h"
#include "tests/support/packets.h"

namespace holm::test {

// The router has 10.0.N.1/24 and fd00:N::1/64 on its interface N.
class RouterLab {
  public:
    struct Options {
        std::size_t interfaces = 3;
        net::DeviceCapabilities device;
        route::ReversePath reverse_path = route::ReversePath::kStrict;
        // Changes the table before it is built.
        void (*change)(route::TableParts&) = nullptr;
        bool writable = true;  // frames come in memory that may be written to
    };

    explicit RouterLab(const Options& options) : options_(options), stack(net::Stack::Configuration{}) {
        route::TableParts parts;
        for (std::size_t i = 0; i < options.interfaces; ++i) {
            route::InterfaceRecord record;
            record.name = {'i', char('0' + i)};
            record.device = record.name;
            record.reverse_path = options.reverse_path;
            record.v4 = record.v6 = route::AddressSource::kStatic;
            record.v4_address = own(i).to_v4();
            record.v4_length = 24;
            record.first_address = std::uint32_t(parts.addresses.size());
            record.address_count = 1;
            parts.addresses.push_back({route::StoredAddress::of(own_v6(i)), 64});
            parts.interfaces.push_back(record);
        }
        if (options.change) options.change(parts);
        table_ = route::build_table(std::move(parts));
        router = std::make_unique<route::Router>(stack, *route::Table::open(table_), SipHashKey{1, 2});
        for (std::size_t i = 0; i < options.interfaces; ++i) {
            devices.push_back(std::make_unique<net::testing::FakeDevice>());
            devices[i]->what = options.device;
            net::InterfaceConfiguration configuration;
            configuration.mac = mac(i);
            interfaces.push_back(*stack.add_interface(now, *devices[i], configuration));
            if (!router->attach(now, i, *interfaces[i])) std::abort();
        }
        for (int i = 0; i < 30; ++i) wait(Duration::milliseconds(200));  // announcements, duplicates
        for (std::size_t i = 0; i < options.interfaces; ++i) received(i);
    }

    static net::IpAddress own(std::size_t i) { return net::IpAddress::v4(10, 0, std::uint8_t(i), 1); }
    static net::IpAddress host(std::size_t i, std::uint8_t last = 9) {
        return net::IpAddress::v4(10, 0, std::uint8_t(i), last);
    }
    static net::IpAddress own_v6(std::size_t i) { return host_v6(i, 1); }
    static net::IpAddress host_v6(std::size_t i, std::uint8_t last = 9) {
        return net::IpAddress::v6({0xfd, 0, 0, std::uint8_t(i), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    }
    static net::MacAddress mac(std::size_t i) { return {{2, 0, 0, 0, 0, std::uint8_t(i)}}; }
    static net::MacAddress neighbor_mac(const net::IpAddress& address) {
        return {{2, 1, address.bytes()[13], address.bytes()[14], address.bytes()[15], address.bytes()[3]}};
    }

    void wait(Duration time) {
        now = now + time;
        stack.transmit(now);
        answer();
    }

    // A frame comes in by an interface; MAC addresses are filled in.
    void send(std::size_t i, const Octets& octets, const net::Offload& offload = {}) {
        give(i, octets, offload, mac(i));
    }
    void broadcast(std::size_t i, const Octets& octets) { give(i, octets, {}, net::MacAddress::broadcast()); }
    void give(std::size_t i, const Octets& octets, const net::Offload& offload, net::MacAddress to) {
        Octets memory(32);
        append(memory, octets);
        const MutableBytes frame = MutableBytes(memory).subspan(32);
        net::wire::EthernetHeader header = *net::wire::EthernetHeader::parse(frame);
        header.destination = to;
        header.source = {{2, 9, 9, 9, 9, 9}};
        header.emit(frame);
        net::ReceivedFrame received{frame, offload, nullptr};
        if (options_.writable) received.memory = memory;
        stack.receive(now, *interfaces[i], received);
        stack.transmit(now);
        answer();
    }

    struct Sent {
        Octets octets;
        net::Offload offload;
        std::optional<packet::Packet> packet;  // of octets

        net::MacAddress destination() const { return net::wire::EthernetHeader::parse(octets)->destination; }
    };
    // The IP packets that the router has sent by an interface, without those of neighbour discovery and group
    // management.
    std::deque<Sent> received(std::size_t i) {
        answer();
        std::deque<Sent> all;
        all.swap(sent_[i]);
        for (Sent& one : all) {
            auto parsed = packet::Packet::parse(one.octets, one.offload);
            if (parsed) one.packet = *parsed;
        }
        return all;
    }

    std::uint64_t drops(std::size_t i, route::Drop reason) const {
        return router->counters(i).drops[std::size_t(reason)];
    }

  private:
    // Neighbours answer, and what is not theirs is kept for the test.
    void answer() {
        for (bool any = true; any;) {
            any = false;
            for (std::size_t i = 0; i < devices.size(); ++i) {
                while (!devices[i]->frames.empty()) {
                    const net::testing::Frame frame = devices[i]->take();
                    if (!answer_one(i, frame)) sent_[i].push_back({frame, devices[i]->offload, {}});
                    any = true;
                }
            }
            if (any) stack.transmit(now);
        }
    }
    bool answer_one(std::size_t i, const net::testing::Frame& frame) {
        using namespace net::testing;
        const auto give = [&](const Frame& reply) {
            stack.receive(now, *interfaces[i], {reply, {}, nullptr});
        };
        if (const auto arp = sent_arp(frame)) {
            if (arp->operation == net::wire::ArpMessage::Operation::kRequest && arp->target != arp->sender &&
                !silent.contains(arp->target))
                give(ethernet_frame(
                    mac(i), neighbor_mac(arp->target), net::wire::kEtherTypeArp,
                    arp_message({net::wire::ArpMessage::Operation::kReply, neighbor_mac(arp->target),
                                 arp->target, mac(i), arp->sender})));
            return true;
        }
        const auto v6 = sent_v6(frame);
        const auto type = type_of(v6);
        if (!v6) return false;
        // Reports of group memberships stand behind a hop-by-hop header.
        if (v6->ip.next_header == net::wire::kHopByHop) return true;
        if (type == net::wire::Icmpv6Type::kNeighborAdvertisement) return true;
        if (type != net::wire::Icmpv6Type::kNeighborSolicitation) return false;
        const auto asked = net::wire::NeighborSolicitation::parse(v6->payload);
        if (!asked || v6->ip.source.is_unspecified() || silent.contains(asked->target)) return true;
        if (stack.ip().is_own(asked->target)) return true;
        Frame message(net::wire::kMaximumNdpMessage);
        message.resize(net::wire::NeighborAdvertisement{.solicited = true,
                                                        .overrides = true,
                                                        .target = asked->target,
                                                        .target_mac = neighbor_mac(asked->target)}
                           .emit(message));
        net::wire::Ipv6Header header;
        header.source = asked->target;
        header.destination = v6->ip.source;
        header.next_header = 58;
        header.hop_limit = 255;
        give(ethernet_frame(mac(i), neighbor_mac(asked->target), net::wire::kEtherTypeIpv6,
                            ipv6_packet(header, icmpv6_message(header.source, header.destination, message))));
        return true;
    }

    Options options_;
    std::vector<std::byte> table_;
    std::array<std::deque<Sent>, 8> sent_;

  public:
    Instant now;
    std::vector<std::unique_ptr<net::testing::FakeDevice>> devices;
    net::Stack stack;
    std::unique_ptr<route::Router> router;
    std::vector<net::Interface*> interfaces;
    std::set<net::IpAddress> silent;
};

}  // namespace holm::test

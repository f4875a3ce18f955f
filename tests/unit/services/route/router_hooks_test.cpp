// What hooks see of packets through a router, and of the router's own.

#include "tests/unit/services/route/router_packets.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using packet::Packet;
using Lab = RouterLab;

namespace {

// As a filter with connection tracking sees it: one packet at a time between the way in and the way out.
class OneAtATime final : public packet::Hooks {
  public:
    using Verdict = packet::Verdict;
    Verdict prerouting(Instant, Packet&) override {
        in_transit = true;
        return Verdict::kAccept;
    }
    Verdict input(Instant, Packet&) override { return Verdict::kAccept; }
    Verdict forward(Instant, Packet&) override { return Verdict::kAccept; }
    Verdict output(Instant, Packet&) override {
        disturbed += in_transit ? 1 : 0;
        ++own;
        return Verdict::kAccept;
    }
    Verdict postrouting(Instant, Packet&) override {
        in_transit = false;
        return Verdict::kAccept;
    }
    Instant next_deadline() const override { return Instant::never(); }
    void expire(Instant) override {}

    bool in_transit = false;
    int disturbed = 0, own = 0;
};

}  // namespace

TEST_CASE("a redirect does not come between a packet's hooks") {
    Lab lab({.change = refuse_routes});
    OneAtATime hooks;
    lab.router->set_hooks(&hooks);
    lab.send(0, frame(Lab::host(0), IpAddress::v4(172, 32, 1, 1), packet::kUdp, udp(1, 2)));
    CHECK(lab.received(0).size() == 2);
    CHECK(hooks.own == 1);
    CHECK(hooks.disturbed == 0);
}

TEST_CASE("hooks see the router's own datagrams whole; fragments are made behind them") {
    struct Watching final : packet::Hooks {
        using Verdict = packet::Verdict;
        Verdict prerouting(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict input(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict forward(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict look(const Packet& packet) {
            fragments += packet.is_fragment() ? 1 : 0;
            if (!packet.has_ports() || packet.source_port() != 500) return Verdict::kAccept;
            sizes.push_back(packet.network().size());
            CHECK(packet.transport_checksum_ok());
            return drops ? Verdict::kDrop : Verdict::kAccept;
        }
        Verdict output(Instant, Packet& packet) override { return look(packet); }
        Verdict postrouting(Instant, Packet& packet) override { return look(packet); }
        Instant next_deadline() const override { return Instant::never(); }
        void expire(Instant) override {}
        std::vector<std::size_t> sizes;
        int fragments = 0;
        bool drops = false;
    };
    for (const bool checksums : {false, true}) {
        Lab lab({.device = {.checksum = checksums}});
        Watching hooks;
        lab.router->set_hooks(&hooks);
        lab.interfaces[1]->limit_mtu(1300);
        auto socket = *lab.stack.udp().open();
        REQUIRE(socket->bind({Lab::own(1), 500}));
        socket->allow_broadcast(true);
        auto socket_v6 = *lab.stack.udp().open();
        REQUIRE(socket_v6->bind({Lab::own_v6(1), 500}));
        const Octets data(3000, std::byte{'x'});
        struct Case {
            net::udp::Socket* socket;
            IpAddress to;
            std::size_t header;
        };
        for (const Case& one :
             {Case{socket.get(), Lab::host(1), 20}, Case{socket_v6.get(), Lab::host_v6(1), 40},
              Case{socket.get(), IpAddress::v4(239, 1, 2, 3), 20},
              Case{socket.get(), Lab::host(1, 255), 20}}) {
            hooks.sizes.clear();
            REQUIRE(one.socket->send_to(lab.now, {one.to, 7}, data));
            lab.stack.transmit(lab.now);
            const auto sent = lab.received(1);
            const std::size_t whole = one.header + 8 + data.size();
            CHECK(hooks.sizes == std::vector<std::size_t>{whole, whole});
            REQUIRE(sent.size() == 3);
            std::size_t total = 0;
            for (const auto& piece : sent) {
                CHECK(piece.packet->network().size() <= (one.header == 20 ? 1300 : 1500));
                CHECK(piece.packet->fragment().offset == total);
                CHECK(piece.packet->fragment().identification == sent[0].packet->fragment().identification);
                CHECK(piece.packet->destination() == one.to);
                CHECK_FALSE(piece.offload.needs_checksum);
                total += piece.packet->transport().size();
            }
            CHECK(total == 8 + data.size());
        }
        CHECK(hooks.fragments == 0);
        hooks.drops = true;
        REQUIRE(socket->send_to(lab.now, {Lab::host(1), 7}, data));
        lab.stack.transmit(lab.now);
        CHECK(lab.received(1).empty());
        lab.router->set_hooks(nullptr);
    }
}

TEST_CASE("what a hook wants sent leaves before the next packet is looked at") {
    struct Refusing final : packet::Hooks {
        using Verdict = packet::Verdict;
        explicit Refusing(packet::HookHost& of) : host(of) {}
        Verdict prerouting(Instant, Packet&) override {
            late += waiting;
            return Verdict::kAccept;
        }
        Verdict input(Instant, Packet&) override { return Verdict::kAccept; }
        Verdict forward(Instant now, Packet&) override {
            const Octets answer = frame(Lab::own(0), Lab::host(0), packet::kUdp, udp(3, 4));
            host.send(now, Bytes(answer).subspan(Packet::kEthernetHeader), {});
            ++waiting;
            return Verdict::kDrop;
        }
        Verdict output(Instant, Packet&) override {
            --waiting;
            return Verdict::kAccept;
        }
        Verdict postrouting(Instant, Packet&) override { return Verdict::kAccept; }
        Instant next_deadline() const override { return Instant::never(); }
        void expire(Instant) override {}
        packet::HookHost& host;
        int waiting = 0, late = 0;
    };
    Lab lab({});
    Refusing hooks(*lab.router);
    lab.router->set_hooks(&hooks);
    Octets packet = to_other();
    net::wire::EthernetHeader{Lab::mac(0), {{2, 9, 9, 9, 9, 9}}, net::wire::kEtherTypeIpv4}.emit(packet);
    for (int i = 0; i < 3; ++i) lab.stack.receive(lab.now, *lab.interfaces[0], {packet, {}, nullptr});
    CHECK(hooks.late == 0);
    lab.stack.transmit(lab.now);
    CHECK(lab.received(0).size() == 3);
    lab.router->set_hooks(nullptr);
}

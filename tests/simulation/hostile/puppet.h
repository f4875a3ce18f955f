#pragma once

// A connection of the attacker's own to the server's giving port: a peer by the rules until it is not. IPv4,
// no options.

#include "net/wire/tcp.h"
#include "tests/simulation/hostile/battle.h"

namespace holm::net::testing {

class Puppet {
  public:
    static constexpr IpAddress kAddress = IpAddress::v4(10, 0, 0, 66);

    // The attacker's card has this address, and the server knows it.
    static void appear(Battle& battle) {
        const wire::ArpMessage question{wire::ArpMessage::Operation::kRequest,
                                        Battle::kAttacker,
                                        kAddress,
                                        {},
                                        battle.address(Battle::kServer)};
        battle.inject(Battle::kServer, ethernet_frame({}, {}, wire::kEtherTypeArp, arp_message(question)));
    }

    Puppet(Battle& battle, std::uint16_t port) : battle_(battle), port_(port) {
        say(wire::kTcpSyn, 1'000, 0);
    }

    std::uint16_t port() const { return port_; }
    std::uint32_t expected() const { return expected_; }
    std::uint32_t next() const { return next_; }

    // The server's segments for this one, oldest first. What is next in order has been counted as expected.
    std::vector<ToAttacker> hear() {
        std::vector<ToAttacker> own;
        for (const ToAttacker& segment : battle_.to_attacker) {
            if (segment.port != port_) continue;
            own.push_back(segment);
            if ((segment.flags & wire::kTcpSyn) != 0) {
                next_ = 1'001;
                expected_ = segment.sequence + 1;
            } else if (segment.sequence == expected_) {
                expected_ += segment.payload;
            }
        }
        std::erase_if(battle_.to_attacker, [&](const ToAttacker& segment) { return segment.port == port_; });
        return own;
    }
    void acknowledge(std::uint32_t acknowledgment, std::uint16_t window) {
        say(wire::kTcpAck, next_, acknowledgment, window);
    }
    void say(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledgment,
             std::uint16_t window = 65'535, std::size_t payload = 0) {
        battle_.packet(Battle::kServer, kAddress, packet::kTcp,
                       test::tcp({.source_port = port_,
                                  .destination_port = Battle::kGivingPort,
                                  .flags = flags,
                                  .sequence = sequence,
                                  .acknowledgment = acknowledgment,
                                  .window = window,
                                  .payload = payload}));
    }

  private:
    Battle& battle_;
    std::uint16_t port_;
    std::uint32_t next_ = 1'000;
    std::uint32_t expected_ = 0;
};

}  // namespace holm::net::testing

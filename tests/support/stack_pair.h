#pragma once

// Two live stacks on one link, with a clock that is moved by hand: what one transmits the other receives, in
// order, when the link is run.

#include <cstdlib>
#include <deque>
#include <functional>
#include <vector>

#include "net/stack.h"
#include "tests/support/fake_link.h"

namespace holm::net::testing {

class StackPair {
  public:
    explicit StackPair(const DeviceCapabilities& capabilities = {}, bool with_ipv6 = false,
                       const tcp::Configuration& tcp = {}, bool autoconfigure = false) {
        for (int i = 0; i < 2; ++i) {
            Side& side = sides[i];
            side.device.what = capabilities;
            Stack::Configuration configuration;
            configuration.tcp = tcp;
            configuration.secret[0] = std::byte(i);
            side.stack = std::make_unique<Stack>(configuration);
            InterfaceConfiguration interface;
            interface.mac = {{2, 0, 0, 0, 0, std::uint8_t(i + 1)}};
            interface.address = address(i);
            interface.prefix_length = 24;
            side.interface = *side.stack->add_interface(now, side.device, interface);
            Ipv6Configuration ipv6{.address = address_v6(i), .autoconfigure = autoconfigure, .secret = {}};
            ipv6.secret.low = std::uint64_t(i);
            if (with_ipv6 && !side.stack->start_ipv6(now, *side.interface, ipv6)) std::abort();
        }
        run();
        // Two hosts whose addresses are both new cannot find each other (RFC 4429, section 3.3).
        if (with_ipv6) wait(Duration::seconds(4));
    }

    static IpAddress address(int side) { return IpAddress::v4(10, 0, 0, std::uint8_t(side + 1)); }
    // fd00::1 and fd00::2.
    static IpAddress address_v6(int side) {
        return IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, std::uint8_t(side + 1)});
    }
    Stack& operator[](int side) { return *sides[side].stack; }

    // Carries frames back and forth until both are silent; returns how many.
    int run() {
        int carried = 0;
        for (int quiet = 0; quiet < 2;) {
            quiet = 0;
            for (int i = 0; i < 2; ++i) {
                sides[i].stack->transmit(now);
                if (sides[i].device.frames.empty()) ++quiet;
                Side& other = sides[1 - i];
                while (!sides[i].device.frames.empty()) {
                    Frame frame = sides[i].device.take();
                    if (link && !link(i, frame)) continue;
                    Offload offload = sides[i].device.offload;
                    other.stack->receive(now, *other.interface, {frame, offload, nullptr});
                    ++carried;
                }
            }
        }
        return carried;
    }
    // Runs the link and lets the time go by, deadline after deadline.
    void wait(Duration time) {
        const Instant end = now + time;
        for (;;) {
            run();
            const Instant next = std::min(sides[0].stack->next_deadline(), sides[1].stack->next_deadline());
            if (next > end) break;
            now = std::max(now, next);
        }
        now = end;
        run();
    }

    struct Side {
        FakeDevice device;
        std::unique_ptr<Stack> stack;
        Interface* interface = nullptr;
    };
    Instant now;
    Side sides[2];
    // Sees every frame that run() carries, and from which side; may change it. False: it is lost.
    std::function<bool(int, Frame&)> link;
};

}  // namespace holm::net::testing

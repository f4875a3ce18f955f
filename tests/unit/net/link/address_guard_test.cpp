#include <doctest/doctest.h>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using Operation = wire::ArpMessage::Operation;
using State = link::AddressGuard::State;

namespace {

struct Probing : Host {
    Probing() {
        stack.clear_address(*interface);
        REQUIRE(stack.set_address(now, *interface, kAddress, 24, IpAddress::any_v4(),
                                  link::AddressPolicy::kProbe));
    }
};

}  // namespace

TEST_CASE("three probes, two announcements, and the address is usable after the probes only") {
    Probing host;
    const Instant start = host.now;
    int probes = 0, announcements = 0;
    Instant usable = Instant::never();
    while (!host.stack.next_deadline().is_never()) {
        host.now = host.stack.next_deadline();
        host.stack.transmit(host.now);
        while (!host.device.frames.empty()) {
            const auto message = sent_arp(host.device.take());
            REQUIRE(message);
            CHECK(message->operation == Operation::kRequest);
            CHECK(message->target == Host::kAddress);
            message->sender.is_unspecified() ? ++probes : ++announcements;
        }
        if (!host.interface->address().is_unspecified()) usable = std::min(usable, host.now);
    }
    CHECK(probes == 3);
    CHECK(announcements == 2);
    CHECK(usable - start >= Duration::seconds(4));  // 2 x PROBE_MIN + ANNOUNCE_WAIT
    CHECK(usable - start <= Duration::seconds(7));
    CHECK(host.interface->address_state() == State::kDefending);
}

TEST_CASE("an address that someone uses is not taken") {
    Probing host;
    host.receive_arp({Operation::kReply, Host::kPeer.mac, Host::kAddress, Host::kMac, IpAddress::any_v4()});
    CHECK(host.interface->address_state() == State::kConflict);
    host.wait(Duration::seconds(20));
    CHECK(host.interface->address().is_unspecified());
    CHECK(host.stack.next_deadline().is_never());
}

TEST_CASE("two hosts that probe for one address at the same time both give up") {
    Probing host;
    host.receive_arp({Operation::kRequest, Host::kPeer.mac, IpAddress::any_v4(), {}, Host::kAddress});
    CHECK(host.interface->address_state() == State::kConflict);
}

TEST_CASE("an address in use is defended at most once in ten seconds, and kept") {
    Host host;
    const wire::ArpMessage thief{Operation::kRequest, Host::kPeer.mac, Host::kAddress, {}, Host::kAddress};
    host.receive_arp(thief, MacAddress::broadcast());
    bool announced = false;
    while (!host.device.frames.empty()) {
        const auto message = sent_arp(host.device.take());
        announced |= message->operation == Operation::kRequest && message->sender == Host::kAddress &&
                     message->target == Host::kAddress;
    }
    CHECK(announced);
    CHECK(host.interface->address_conflicts() == 1);

    const auto reply_only = [&] {
        for (const Frame& frame : host.device.frames)
            if (sent_arp(frame)->operation == Operation::kRequest) return false;
        return true;
    };
    host.wait(Duration::seconds(5));
    host.receive_arp(thief, MacAddress::broadcast());
    CHECK(reply_only());
    host.wait(Duration::seconds(6));
    host.receive_arp(thief, MacAddress::broadcast());
    CHECK_FALSE(reply_only());
    CHECK(host.interface->address() == Host::kAddress);
}

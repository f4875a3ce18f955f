#pragma once

// IPv4 address conflict detection (RFC 5227) for one address of an interface: probe, announce, defend.

#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/wire/arp.h"

namespace holm::net::link {

// What happens before an address is used.
enum class AddressPolicy : std::uint8_t {
    // Use it at once, announce it, defend it. The default: probing costs 4 to 7 seconds of start-up.
    kAnnounce,
    // Probe first, as section 2.1 says; the address stays unusable until then.
    kProbe,
};

class AddressGuard {
  public:
    // Section 1.1.
    static constexpr Duration kProbeWait = Duration::seconds(1);
    static constexpr int kProbes = 3;
    static constexpr Duration kProbeMin = Duration::seconds(1);
    static constexpr Duration kProbeMax = Duration::seconds(2);
    static constexpr Duration kAnnounceWait = Duration::seconds(2);
    static constexpr int kAnnouncements = 2;
    static constexpr Duration kAnnounceInterval = Duration::seconds(2);
    static constexpr Duration kDefendInterval = Duration::seconds(10);

    enum class State : std::uint8_t { kIdle, kProbing, kAnnouncing, kDefending, kConflict };

    void start(Instant now, IpAddress address, AddressPolicy policy, KeyedRandom& random);
    void stop() { state_ = State::kIdle, deadline_ = Instant::never(); }

    State state() const { return state_; }
    bool usable() const { return state_ == State::kAnnouncing || state_ == State::kDefending; }
    std::uint64_t conflicts() const { return conflicts_; }

    // The ARP message to broadcast now, if one is due; to be called until there is none.
    std::optional<wire::ArpMessage> due(Instant now, MacAddress own, KeyedRandom& random);
    // Looks at every ARP message that arrives.
    void observe(Instant now, const wire::ArpMessage& message, MacAddress own);

    Instant next_deadline() const { return deadline_; }

  private:
    State state_ = State::kIdle;
    int sent_ = 0;
    IpAddress address_;
    Instant deadline_ = Instant::never();
    Instant defended_;
    bool has_defended_ = false;
    bool defend_ = false;
    std::uint64_t conflicts_ = 0;
};

}  // namespace holm::net::link

#pragma once

// The neighbor cache: which MAC address an IPv4 address on the link has (RFC 826; ageing as RFC 1122,
// section 2.3.2.1 asks for, by unicast polls). It decides when to ask and when to give up; the interface
// sends what is due.
//
// Bounds: kCapacity entries, for which memory is taken as neighbours appear. When full, or when there is no
// memory, the entry used least recently makes room.

#include <cstdint>
#include <memory>
#include <optional>

#include "base/instant.h"
#include "net/address.h"

namespace holm::net::link {

class NeighborCache {
  public:
    static constexpr std::size_t kCapacity = 256;
    static constexpr int kTries = 3;                               // requests before giving up
    static constexpr Duration kRetry = Duration::seconds(1);       // RFC 1122: at most one a second
    static constexpr Duration kReachable = Duration::seconds(60);  // then polled when used again
    static constexpr Duration kForget = Duration::minutes(10);     // unused for so long: resolved afresh

    struct Request {
        IpAddress target;
        std::optional<MacAddress> known;  // set: a unicast poll of an entry that has aged
    };

    // The MAC address to send to, or nothing while it is being asked for; then the caller keeps the packet
    // back.
    std::optional<MacAddress> resolve(Instant now, IpAddress address);
    // A transport has heard from beyond it that packets arrive (RFC 1122, section 2.3.2.1, advice).
    void confirm(Instant now, IpAddress address);

    // An ARP message said that `address` is at `mac`. `solicited`: it is a reply that was sent to us. Only a
    // message that was addressed to us may add an entry (`create`): strangers cannot fill the cache.
    enum class Learned : std::uint8_t {
        kUnknown,    // nobody wants to know, or there is no memory
        kContested,  // it names another MAC than the one that is known, which is asked first
        kKnown,
        kReady,  // packets that wait for this address can go now
    };
    Learned learn(Instant now, IpAddress address, MacAddress mac, bool solicited, bool create);

    // The next request to send; to be called until it says that nothing is due.
    std::optional<Request> due(Instant now);
    // The next address that did not answer; to be called until there is none.
    std::optional<IpAddress> failed(Instant now);

    Instant next_deadline() const { return deadline_; }
    void clear();

  private:
    enum class State : std::uint8_t {
        kAsking,     // no MAC known: requests are broadcast
        kReachable,  // confirmed at `since`
        kPolling,    // in use, but not confirmed for long: unicast requests
    };
    struct Entry {
        MacAddress mac;
        State state = State::kAsking;
        std::uint8_t tries = 0;
        Instant since;  // kReachable: confirmed; else: when the next request is due
        Instant used;
    };

    static constexpr std::size_t kNone = ~std::size_t{0};  // no memory at all

    std::size_t find(std::uint32_t address);  // count_ if there is none
    std::size_t add(Instant now, std::uint32_t address);
    bool grow();
    void remove(std::size_t index);
    void ask(std::size_t index, State state, Instant now);

    // Addresses apart from the rest: a search reads 1 KiB at most, and mostly nothing but the last hit.
    std::unique_ptr<std::uint32_t[]> addresses_;
    std::unique_ptr<Entry[]> entries_;
    std::size_t room_ = 0;  // entries that both arrays hold
    std::size_t count_ = 0;
    std::size_t last_ = 0;
    Instant deadline_ = Instant::never();
};

}  // namespace holm::net::link

#pragma once

// Two whole stacks that talk to each other over one link, and a third party on it that forges frames. It
// hears everything (so its lies are better than a blind attacker's would be), but changes nothing in passing.

#include <memory>
#include <random>
#include <vector>

#include "tests/support/fake_link_v6.h"
#include "tests/support/packets.h"
#include "tests/support/stack_pair.h"

namespace holm::net::testing {

class Random {
  public:
    explicit Random(std::uint32_t seed) : engine_(seed) {}
    std::uint32_t operator()() { return std::uint32_t(engine_()); }

  private:
    std::mt19937 engine_;
};

// What the last segment of one side said: where its stream is, and what it expects of the other's.
struct Overheard {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint32_t next = 0;      // the sequence number behind it
    std::uint32_t expected = 0;  // its acknowledgment number
};

// A segment that went to the attacker's card: it has connections of its own (puppet.h).
struct ToAttacker {
    std::uint16_t port = 0;
    std::uint8_t flags = 0;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgment = 0;
    std::uint32_t payload = 0;  // bytes
};

class Battle {
  public:
    static constexpr MacAddress kAttacker{{2, 0, 0, 0, 0, 0x66}};
    static constexpr int kServer = 0;
    static constexpr int kClient = 1;
    static constexpr std::uint16_t kPort = 7;
    static constexpr std::uint16_t kGivingPort = 19;  // of the server: sends for ever
    static constexpr Duration kTick = Duration::milliseconds(10);

    // The conversation goes over IPv6 if `v6`; both families are there in any case.
    explicit Battle(bool v6, const tcp::Configuration& configuration = {}, bool autoconfigure = false);

    // One more of `kTick`: the attacker's frames come first, then the two say something to each other.
    template <typename Strike>
    void round(Strike strike) {
        strike(*this);
        converse();
        pair.wait(kTick);
    }
    // The server closes what it gives.
    void stop_giving();
    // Both sides as they were before there was a connection: whatever the attack has left is gone by then.
    void end();

    // The client's address on the wire, or the server's.
    IpAddress address(int side) const { return v6_ ? StackPair::address_v6(side) : StackPair::address(side); }
    bool v6() const { return v6_; }
    MacAddress mac(int side) const { return {{2, 0, 0, 0, 0, std::uint8_t(side + 1)}}; }
    const Overheard& overheard(int side) const { return overheard_[side]; }

    // A frame from the attacker's card.
    void inject(int to, Frame frame, MacAddress destination);
    void inject(int to, Frame frame) { inject(to, std::move(frame), mac(to)); }
    // A segment of the conversation, as if the other side had sent it. Ports are filled in.
    void forge(int to, test::TcpFields fields);
    // An IP packet from anywhere.
    void packet(int to, const IpAddress& source, std::uint8_t protocol, Frame transport,
                std::uint8_t hop_limit = 64) {
        inject(to, test::frame(source, address(to), protocol, std::move(transport), hop_limit));
    }
    // An address on the link that nobody has, nobody's port.
    IpAddress nobody(Random& random) const;

    const tcp::Statistics& statistics(int side) { return pair[side].tcp().statistics(); }
    std::uint64_t drops(Drop reason) {
        return pair[kServer].counters()[reason] + pair[kClient].counters()[reason];
    }
    template <typename Field>
    std::uint64_t counted(Field field) {
        return statistics(kServer).*field + statistics(kClient).*field;
    }

    // A connection that is opened now, in the midst of all this, and echoes a line; how many rounds it took,
    // 0 if it did not come about within `most`.
    template <typename Strike>
    int newcomer(Strike strike, int most = 500) {
        auto connection = *pair[kClient].tcp().connect(pair.now, {address(kServer), kPort});
        bool asked = false;
        for (int rounds = 1; rounds <= most; ++rounds) {
            round(strike);
            if (!asked) asked = connection->send(as_bytes("hello")).value_or(0) == 5;
            if (as_text(connection->readable()) == "hello") return connection->close(), rounds;
        }
        connection->close();
        return 0;
    }

    StackPair pair;
    std::size_t echoed = 0;   // bytes that came back to the client, each as it was sent
    bool spoilt = false;      // one was not
    bool broken = false;      // the conversation has ended
    int stolen = 0;           // packets of the conversation that went to the attacker's card
    int datagrams_lost = 0;   // fragmented ones, of the client, without an echo
    int datagrams = 0;        // those with one
    std::size_t carried = 0;  // frames between the two, of all kinds
    std::vector<ToAttacker> to_attacker;

  private:
    void converse();
    void serve();
    void watch(int from, const Frame& frame);

    bool v6_;
    std::uint16_t client_port_ = 0;
    Reference<tcp::Listener> listener_;
    Reference<tcp::Connection> client_;
    std::vector<Reference<tcp::Connection>> served_;
    Reference<tcp::Listener> giver_;
    std::vector<Reference<tcp::Connection>> given_;
    std::unique_ptr<udp::Socket> question_;
    std::unique_ptr<udp::Socket> answer_;
    Overheard overheard_[2];
    std::size_t sent_ = 0;
};

}  // namespace holm::net::testing

#pragma once

// Plays a script against a TCP layer: the fake clock, the peer, the service and the judge.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/tcp/layer.h"
#include "tests/script/tcp/script.h"
#include "tests/support/tcp/fake_ip.h"

namespace holm::net::tcp::test {

class Player {
  public:
    Player();
    ~Player();
    // Empty: everything was as the script says. Otherwise what was not, with the line.
    std::string play(const Script& script);
    // The script as it would have to be: its own segments and calls, and whatever the layer sends between
    // them. For writing scripts: what comes out is to be compared with the RFC, not to be believed.
    std::string record(std::string_view text);

  private:
    // One conversation, by the peer's port.
    struct Peer {
        std::optional<std::uint32_t> our_initial;
        std::optional<std::uint32_t> our_first_timestamp;
        std::uint32_t peer_initial = 0xffff'ff00;  // so that sequence numbers wrap round soon
        Reference<Connection> connection;
        std::uint32_t sent = 0;      // bytes of our stream handed to send()
        std::uint32_t received = 0;  // bytes of the peer's stream consumed
        std::uint16_t local_port = 80;
    };

    Peer& peer() { return peers_[port_]; }
    Layer& layer();
    void advance(Duration delay);
    void settle();
    void error(std::string text);
    void play_line(const ScriptLine& line);
    void expect_silence();

    void inject(const SegmentLine& line);
    void expect(const SegmentLine& line);
    void compare(const SegmentLine& line, const SentPacket& packet);
    std::string describe(const SentPacket& packet);
    std::string as_line(const SentPacket& packet);

    void call(const std::vector<std::string>& words);
    bool call_setting(const std::vector<std::string>& words);
    bool call_connection(const std::vector<std::string>& words);
    bool call_expectation(const std::vector<std::string>& words);
    void given(const std::vector<std::string>& words);
    void run_lines(const std::string& text);
    void check_number(const std::string& what, std::uint64_t found, const std::string& wanted);

    Configuration configuration_;
    FakeIp ip_;
    std::optional<Layer> layer_;
    Reference<Listener> listener_;
    std::map<std::uint16_t, Peer> peers_;
    std::uint16_t port_ = 40'000;
    Instant now_ = Instant::from_nanoseconds(1'000'000'000'000);
    bool held_ = false;
    int line_ = 0;
    std::string error_;
};

// Byte number `offset` of a stream: both directions carry this pattern, so that a byte in the wrong place
// shows.
constexpr std::byte pattern(std::uint32_t offset) {
    return std::byte((offset * 7 + offset / 251) & 0xffU);
}

}  // namespace holm::net::tcp::test

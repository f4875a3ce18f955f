// Two whole stacks that talk to each other, TCP and UDP over both families, while the input decides what the
// link does to each frame: it passes, is lost, comes twice or late, is cut off, or has other bytes, with
// checksums made right again or not. What arrives is what was sent as long as no checksum was forged; in the
// end nothing is left.

#include <cstdlib>
#include <optional>

#include "net/wire/ipv6.h"
#include "tests/fuzz/net/tcp/input.h"
#include "tests/support/stack_pair.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

using tcp::test::FuzzInput;

constexpr int kMostFrames = 2'000;  // that the input decides about; those behind pass

std::byte stream_byte(std::size_t offset) {
    return std::byte((offset * 2654435761U) >> 11U);
}

void put_word(Frame& frame, std::size_t at, std::uint16_t word) {
    if (at + 2 > frame.size()) return;
    frame[at] = std::byte(word >> 8);
    frame[at + 1] = std::byte(word);
}

// The checksums of a packet whose headers can be found: everything else stays as it was made.
void repair(Frame& frame) {
    if (frame.size() < 34) return;
    const bool v6 = frame[12] == std::byte{0x86};
    if (!v6 && frame[12] == std::byte{8} && frame[13] == std::byte{6}) return;
    std::size_t header = 40;
    ip::Protocol protocol{};
    IpAddress source, destination;
    if (v6) {
        const auto parsed = wire::Ipv6Header::parse(Bytes(frame).subspan(14));
        if (!parsed) return;
        protocol = ip::Protocol(parsed->next_header);
        source = parsed->source, destination = parsed->destination;
    } else {
        header = 4 * (std::to_integer<std::size_t>(frame[14]) & 0xf);
        if (header < 20 || frame.size() < 14 + header) return;
        put_word(frame, 14 + 10, 0);
        put_word(frame, 14 + 10, InternetChecksum().add(Bytes(frame).subspan(14, header)).value());
        const auto parsed = wire::Ipv4Header::parse(Bytes(frame).subspan(14));
        if (!parsed || parsed->is_fragment()) return;
        protocol = ip::Protocol(parsed->protocol);
        source = parsed->source, destination = parsed->destination;
    }
    std::size_t field = 0;
    if (protocol == ip::Protocol::kTcp) field = 16;
    if (protocol == ip::Protocol::kUdp) field = 6;
    if (protocol == ip::Protocol::kIcmp || protocol == ip::Protocol::kIcmpv6) field = 2;
    const Bytes payload = Bytes(frame).subspan(14 + header);
    if (field == 0 || payload.size() < field + 2) return;
    put_word(frame, 14 + header + field, 0);
    InternetChecksum sum;
    if (protocol != ip::Protocol::kIcmp)
        sum = ip::pseudo_header(source, destination, protocol, payload.size());
    put_word(frame, 14 + header + field, sum.add(payload).value());
}

class Game {
  public:
    Game(FuzzInput& input, std::uint8_t setup)
        : input_(input),
          v6_((setup & 1) != 0),
          pair_({}, true, configuration(setup), (setup & 16) != 0),
          listener_(*pair_[1].tcp().listen({IpAddress(), 7}, 4)) {
        pair_.link = [this](int from, Frame& frame) { return carry(from, frame); };
        client_ = *pair_[0].tcp().connect(pair_.now, {address(1), 7});
        for (int side = 0; side < 2; ++side) {
            sockets_[side] = *pair_[side].udp().open();
            if (!sockets_[side]->bind({IpAddress(), 9})) std::abort();
        }
    }

    void play() {
        for (int steps = 0; steps < 300 && !input_.empty(); ++steps) {
            const std::uint8_t action = input_.byte();
            if (auto accepted = listener_->accept(); accepted && !server_) server_ = std::move(accepted);
            tcp::Connection* const actor = (action & 0x10) != 0 ? server_.get() : client_.get();
            switch (action & 0xf) {
                case 0:
                case 1:
                    if (actor) send_some(*actor, actor == client_.get() ? 0 : 1, input_.word() % 6'000);
                    break;
                case 2:
                case 3:
                    if (actor) receive_all(*actor, actor == client_.get() ? 0 : 1);
                    break;
                case 4: {
                    const int side = (action >> 4) & 1;
                    (void)sockets_[side]->send_to(pair_.now, {address(1 - side), 9},
                                                  Frame(input_.word() % 5'000));
                    break;
                }
                case 5:
                    while (sockets_[(action >> 4) & 1]->front()) sockets_[(action >> 4) & 1]->pop();
                    break;
                case 6:
                    if (v6_)
                        (void)pair_[0].icmp_v6().ping(pair_.now, address(1), 1, {});
                    else
                        (void)pair_[0].icmp().ping(pair_.now, address(1), 1, {});
                    break;
                case 7:
                    if ((action & 0xe0) == 0xe0 && actor) actor->shutdown_send();
                    break;
                case 8:
                    if (held_) deliver(held_from_, *std::exchange(held_, std::nullopt));
                    break;
                case 9:
                    pair_.wait(Duration::seconds(input_.byte()));
                    break;
                default:
                    pair_.wait(Duration::milliseconds(action));
                    break;
            }
            pair_.run();
        }
    }

    void finish() {
        frames_ = kMostFrames;  // the link is a good one from here on
        client_->close();
        if (server_) server_->close();
        while (auto waiting = listener_->accept()) waiting->close();
        client_ = {};
        server_ = {};
        listener_ = {};
        pair_.wait(Duration::seconds(1'000));
        for (int side = 0; side < 2; ++side) {
            if (pair_[side].tcp().connections() != 0 || pair_[side].tcp().time_wait_entries() != 0)
                std::abort();
            if (pair_[side].tcp().buffer_bytes() != 0) std::abort();
        }
    }

  private:
    static tcp::Configuration configuration(std::uint8_t setup) {
        tcp::Configuration made;
        made.receive_buffer = (setup & 2) != 0 ? 4'096 : 65'536;
        made.max_half_open = (setup & 4) != 0 ? 0 : 8;
        made.timestamps = (setup & 8) != 0;
        if ((setup & 64) != 0) made.congestion = tcp::CongestionAlgorithm::kReno;
        if ((setup & 128) != 0) made.ecn = tcp::Ecn::kRequest, made.user_timeout_option = true;
        made.max_buffer_bytes = (setup & 32) != 0 ? 100'000 : 1'000'000;
        return made;
    }
    IpAddress address(int side) const { return v6_ ? StackPair::address_v6(side) : StackPair::address(side); }

    void send_some(tcp::Connection& connection, int side, std::size_t length) {
        Frame bytes(length);
        for (std::size_t i = 0; i < length; ++i) bytes[i] = stream_byte(sent_[side] + i);
        sent_[side] += connection.send(bytes).value_or(0);
    }
    void receive_all(tcp::Connection& connection, int side) {
        while (connection.readable_bytes() > 0) {
            const Bytes run = connection.readable();
            for (const std::byte byte : run)
                if (byte != stream_byte(received_[side]++) && !forged_) std::abort();
            connection.consume(run.size());
        }
        if (received_[side] > sent_[1 - side] && !forged_) std::abort();
    }

    void deliver(int from, const Frame& frame) {
        StackPair::Side& to = pair_.sides[1 - from];
        to.stack->receive(pair_.now, *to.interface, {frame, {}, nullptr});
    }

    bool carry(int from, Frame& frame) {
        if (frames_ >= kMostFrames || input_.empty()) return true;
        ++frames_;
        const std::uint8_t fate = input_.byte();
        if (fate < 0x80) return true;
        switch (fate & 7) {
            case 0:
                return false;
            case 1:
                deliver(from, frame);  // and once more
                return true;
            case 2:
                if (held_) return true;
                held_ = frame, held_from_ = from;
                return false;
            case 3:
                frame.resize(frame.size() - std::min<std::size_t>(frame.size(), input_.byte()));
                return true;
            case 4:
                if (!frame.empty()) frame[input_.word() % frame.size()] ^= std::byte(1U << (fate >> 3 & 7));
                return true;
            default: {
                // In the headers mostly: that is where decisions are made.
                const std::size_t range =
                    std::min<std::size_t>(frame.size(), (fate & 0x40) != 0 ? 120 : 1'514);
                const int changes = 1 + (fate >> 3 & 3);
                for (int i = 0; i < changes && range > 0; ++i)
                    frame[input_.byte() % range] = std::byte(input_.byte());
                forged_ = true;
                repair(frame);
                return true;
            }
        }
    }

    FuzzInput& input_;
    bool v6_;
    StackPair pair_;
    Reference<tcp::Listener> listener_;
    Reference<tcp::Connection> client_;
    Reference<tcp::Connection> server_;
    std::unique_ptr<udp::Socket> sockets_[2];
    std::size_t sent_[2] = {};
    std::size_t received_[2] = {};
    std::optional<Frame> held_;
    int held_from_ = 0;
    int frames_ = 0;
    bool forged_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    Game game(input, input.byte());
    game.play();
    game.finish();
    return 0;
}

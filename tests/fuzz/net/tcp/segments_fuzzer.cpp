// Hostile segments, calls of the service and the passing of time, in any order and from any state. Whatever
// comes, nothing breaks, memory stays bounded, and when the service lets go, everything ends.

#include <algorithm>
#include <cstdlib>

#include "net/tcp/header.h"
#include "net/tcp/layer.h"
#include "tests/fuzz/net/tcp/input.h"
#include "tests/support/tcp/fake_ip.h"

namespace holm::net::tcp::test {
namespace {

const IpAddress kPeer = IpAddress::v4(10, 0, 0, 1);

class Target {
  public:
    explicit Target(FuzzInput& input) : input_(input), layer_(configure(input), heap_memory(), ip_) {
        ip_.segmentation = (setup_ & 1) != 0;
    }

    void run() {
        if ((setup_ & 2) != 0) {
            auto connection = layer_.connect(now_, {kPeer, 1000}, {{}, 80});
            if (connection) connection_ = *std::move(connection);
        } else {
            listener_ = *layer_.listen({IpAddress::any_v4(), 80}, 2);
        }
        settle();
        // Half of the inputs begin with an established connection: most of the code lies behind it.
        if ((setup_ & 4) != 0) {
            const std::uint8_t flags = connection_ ? wire::kTcpSyn | wire::kTcpAck : wire::kTcpSyn;
            send(flags, 0, 1, {}, true);
            send(wire::kTcpAck, 1, 1, {}, false);
            take();
        }
        for (int steps = 0; !input_.empty() && steps < 200; ++steps) step();
        end();
    }

  private:
    Configuration configure(FuzzInput& input) {
        setup_ = input.byte();
        Configuration configuration;
        configuration.secret.fill(std::byte{7});
        configuration.receive_buffer = (setup_ & 8) != 0 ? 4096 : 65536;
        configuration.send_buffer = 20'000;
        configuration.max_half_open = (setup_ & 16) != 0 ? 0 : 2;
        configuration.max_connections = 4;
        configuration.max_time_wait = 2;
        configuration.max_buffer_bytes = 300'000;
        return configuration;
    }

    void take() {
        if (listener_ && !connection_) connection_ = listener_->accept();
    }

    void settle() {
        layer_.transmit(now_);
        for (const SentPacket& packet : ip_.sent) {
            const auto view = wire::TcpView::parse(packet.bytes);
            Options options;
            if (!view || !parse_options(view->options(), options)) std::abort();
            const wire::TcpHeader& header = view->header();
            if ((header.flags & wire::kTcpSyn) != 0) our_initial_ = header.sequence;
            our_next_ = header.sequence + std::uint32_t(view->payload().size());
            if (options.has_timestamp) our_timestamp_ = options.timestamp_value;
            // A segment that the device does not cut fits the path.
            if (packet.segment_size == 0 && packet.bytes.size() > 1480) std::abort();
        }
        ip_.sent.clear();
        if (layer_.buffer_bytes() > 300'000 || layer_.connections() > 4 + 1) std::abort();
    }

    void send(std::uint8_t flags, std::uint32_t sequence, std::uint32_t ack, std::vector<std::byte> payload,
              bool syn_options, bool raw_options = false) {
        Options options;
        options.has_timestamp = (setup_ & 32) != 0;
        options.timestamp_value = timestamp_++;
        options.timestamp_echo = our_timestamp_;
        if (syn_options) {
            options.mss = 1460;
            options.sack_permitted = (setup_ & 64) != 0;
            options.has_window_scale = (setup_ & 128) != 0;
            options.window_scale = 2;
        } else if (raw_options) {
            for (int i = input_.byte() % 4; i > 0; --i) {
                const Seq begin = Seq(our_initial_ + ack) + std::uint32_t(input_.distance());
                options.sack[options.sack_count++] = {begin, begin + input_.word()};
            }
        }
        HeaderBuffer buffer;
        const FourTuple tuple{.local = {kPeer, 1000}, .remote = {ip_.address, 80}};
        const MutableBytes header =
            buffer.fill({.tuple = tuple,
                         .sequence = Seq(kPeerInitial + sequence),
                         .acknowledgment = Seq(our_initial_ + ack),
                         .flags = flags,
                         .window = std::uint16_t(raw_options ? input_.word() : 65535)},
                        options);
        std::vector<std::byte> segment(header.begin(), header.end());
        segment.insert(segment.end(), payload.begin(), payload.end());
        layer_.receive(now_,
                       {.source = kPeer,
                        .destination = ip_.address,
                        .checksum_verified = true,
                        .segment_size = std::uint16_t(payload.size() > 1460 ? 1460 : 0)},
                       segment);
        settle();
    }

    void step() {
        Connection* connection = connection_.get();
        switch (input_.byte() % 16) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5: {
                // Near what the connection expects.
                const std::uint8_t flags = input_.byte();
                const std::uint32_t next =
                    connection != nullptr ? connection->receiver().next().value() - kPeerInitial : 1;
                const std::uint32_t sequence = next + std::uint32_t(input_.distance());
                const std::uint32_t ack = our_next_ - our_initial_ + std::uint32_t(input_.distance());
                send(flags, sequence, ack, std::vector<std::byte>(input_.byte() * 16U),
                     (flags & wire::kTcpSyn) != 0, true);
                break;
            }
            case 6: {
                // Any bytes at all.
                const std::vector<std::byte> segment = input_.bytes(input_.byte());
                layer_.receive(now_, {.source = kPeer, .destination = ip_.address, .checksum_verified = true},
                               segment);
                settle();
                break;
            }
            case 7:
            case 8:
                now_ = now_ + Duration::milliseconds(input_.word());
                settle();
                break;
            case 9:
                take();
                break;
            case 10:
                if (connection != nullptr) (void)connection->send(std::vector<std::byte>(input_.word()));
                break;
            case 11:
                if (connection != nullptr && connection->readable_bytes() > 0)
                    connection->consume(1 + input_.word() % connection->readable_bytes());
                break;
            case 12:
                if (connection != nullptr) connection->shutdown_send();
                break;
            case 13: {
                static constexpr std::byte kStatic[50'000]{};
                if (connection != nullptr)
                    (void)connection->send_reference(Bytes(kStatic).first(input_.word() % 50'000), nullptr);
                break;
            }
            case 14: {
                const NetU16 ports[2] = {std::uint16_t{80}, std::uint16_t{1000}};
                const NetU32 sequence = our_next_ + std::uint32_t(input_.distance());
                std::vector<std::byte> quoted(8);
                std::memcpy(quoted.data(), ports, 4);
                std::memcpy(quoted.data() + 4, &sequence, 4);
                layer_.report_error(now_, {.kind = ip::ErrorKind(input_.byte() % 8),
                                           .source = ip_.address,
                                           .destination = kPeer,
                                           .mtu = input_.word(),
                                           .transport = quoted});
                break;
            }
            case 15:
                switch (input_.byte() % 8) {
                    case 0:
                        ip_.full = true;
                        break;
                    case 1:
                        if (connection != nullptr) connection->close();
                        break;
                    case 2:
                        if (connection != nullptr) connection->abort();
                        break;
                    case 3:
                        if (connection != nullptr)
                            connection->set_keep_alive(Duration::seconds(1), Duration::seconds(1));
                        break;
                    case 4:
                        connection_ = {};
                        break;
                    case 5:
                        if (connection != nullptr) connection->set_receive_buffer(input_.word());
                        break;
                    default:
                        ip_.full = false;
                        break;
                }
                break;
        }
        settle();
    }

    // The service lets go, the peer has fallen silent: in the end nothing is left.
    void end() {
        ip_.full = false;
        connection_ = {};
        listener_ = {};
        settle();
        for (int i = 0; !layer_.next_deadline().is_never(); ++i) {
            if (i > 10'000) std::abort();
            now_ = std::max(now_, layer_.next_deadline());
            settle();
        }
        if (layer_.connections() != 0 || layer_.time_wait_entries() != 0 || layer_.buffer_bytes() != 0)
            std::abort();
    }

    static constexpr std::uint32_t kPeerInitial = 0xffff'fff0;
    FuzzInput& input_;
    std::uint8_t setup_ = 0;
    FakeIp ip_;
    Layer layer_;
    Reference<Listener> listener_;
    Reference<Connection> connection_;
    Instant now_ = Instant::from_nanoseconds(1'000'000'000);
    std::uint32_t our_initial_ = 0;
    std::uint32_t our_next_ = 0;
    std::uint32_t our_timestamp_ = 0;
    std::uint32_t timestamp_ = 1000;
};

}  // namespace
}  // namespace holm::net::tcp::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    holm::net::tcp::test::FuzzInput input(data, size);
    holm::net::tcp::test::Target(input).run();
    return 0;
}

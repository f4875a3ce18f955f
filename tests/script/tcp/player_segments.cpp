// The peer of a script: segments in, segments out.

#include <cstring>
#include <format>

#include "net/tcp/header.h"
#include "net/wire/tcp.h"
#include "tests/script/tcp/player.h"

namespace holm::net::tcp::test {
namespace {

const IpAddress kPeerAddress = IpAddress::v4(10, 0, 0, 1);

std::string flag_names(std::uint8_t flags) {
    std::string names;
    if ((flags & wire::kTcpSyn) != 0) names += 'S';
    if ((flags & wire::kTcpFin) != 0) names += 'F';
    if ((flags & wire::kTcpRst) != 0) names += 'R';
    if ((flags & wire::kTcpPsh) != 0) names += 'P';
    if ((flags & wire::kTcpUrg) != 0) names += 'U';
    if ((flags & wire::kTcpEce) != 0) names += 'E';
    if ((flags & wire::kTcpCwr) != 0) names += 'W';
    if ((flags & wire::kTcpAck) != 0) names += '.';
    return names;
}

// PSH is our own affair: scripts name it only where they care.
constexpr std::uint8_t kComparedFlags = wire::kTcpSyn | wire::kTcpFin | wire::kTcpRst | wire::kTcpUrg |
                                        wire::kTcpAck | wire::kTcpEce | wire::kTcpCwr;

}  // namespace

void Player::inject(const SegmentLine& line) {
    Peer& peer = this->peer();
    Options options;
    options.mss = std::uint16_t(line.mss.value_or(0));
    options.has_window_scale = line.window_scale.has_value();
    options.window_scale = std::uint8_t(line.window_scale.value_or(0));
    options.sack_permitted = line.sack_permitted;
    options.has_timestamp = line.timestamp_value.has_value();
    options.timestamp_value = line.timestamp_value.value_or(0);
    options.timestamp_echo = line.timestamp_echo.value_or(0) + peer.our_first_timestamp.value_or(0);
    options.has_user_timeout = line.user_timeout.has_value();
    options.user_timeout = std::uint16_t(line.user_timeout.value_or(0));
    for (const auto& [begin, end] : line.sack) {
        const std::uint32_t base = peer.our_initial.value_or(0);
        options.sack[options.sack_count++] = {Seq(base + begin), Seq(base + end)};
    }
    HeaderBuffer buffer;
    const FourTuple tuple{.local = {kPeerAddress, port_}, .remote = {ip_.address, peer.local_port}};
    const MutableBytes header =
        buffer.fill({.tuple = tuple,
                     .sequence = Seq(peer.peer_initial + line.begin),
                     .acknowledgment = Seq(peer.our_initial.value_or(0) + line.ack.value_or(0)),
                     .flags = line.flags,
                     .window = std::uint16_t(line.window.value_or(65535))},
                    options);
    std::vector<std::byte> segment(header.begin(), header.end());
    const bool syn = (line.flags & wire::kTcpSyn) != 0;
    for (std::uint32_t i = 0; i < line.length; ++i)
        segment.push_back(pattern(line.begin + (syn ? 1 : 0) + i - 1));
    auto checksum = ip::pseudo_header(kPeerAddress, ip_.address, ip::Protocol::kTcp, segment.size());
    const auto value = std::uint16_t(checksum.add(segment).value() + (line.bad_checksum ? 1 : 0));
    segment[16] = std::byte(value >> 8U);
    segment[17] = std::byte(value);
    layer().receive(now_,
                    {.source = kPeerAddress,
                     .destination = ip_.address,
                     .traffic_class = line.ecn.value_or(0),
                     .segment_size = std::uint16_t(line.segment_size.value_or(0))},
                    segment);
    settle();
}

void Player::expect(const SegmentLine& line) {
    if (ip_.sent.empty()) return error("nothing was sent");
    const SentPacket packet = std::move(ip_.sent.front());
    ip_.sent.pop_front();
    compare(line, packet);
    if (!error_.empty()) error_ += "\n    sent: " + describe(packet);
}

void Player::compare(const SegmentLine& line, const SentPacket& packet) {
    const auto view = wire::TcpView::parse(packet.bytes);
    if (!view) return error("what was sent is no segment");
    auto checksum =
        ip::pseudo_header(packet.source, packet.destination, ip::Protocol::kTcp, packet.bytes.size());
    if (!checksum.add(packet.bytes).is_correct()) error("the checksum is wrong");
    if (packet.at != now_)
        error(std::format("sent {} ms before", double((now_ - packet.at).as_microseconds()) / 1000));
    const wire::TcpHeader& header = view->header();
    if (header.destination_port != port_) error("sent to another port");
    Peer& peer = this->peer();
    const bool syn = (header.flags & wire::kTcpSyn) != 0;
    if (syn && !peer.our_initial) peer.our_initial = header.sequence;
    Options options;
    if (!parse_options(view->options(), options)) return error("its options are malformed");
    if (options.has_timestamp && !peer.our_first_timestamp)
        peer.our_first_timestamp = options.timestamp_value;

    const std::uint8_t mask =
        (line.flags & wire::kTcpPsh) != 0 ? kComparedFlags | wire::kTcpPsh : kComparedFlags;
    if ((header.flags & mask) != line.flags) error("wrong flags");
    const std::uint32_t sequence = header.sequence - peer.our_initial.value_or(0);
    if (!line.any_sequence && sequence != line.begin)
        error(std::format("wrong sequence number {}", sequence));
    if (view->payload().size() != line.length) error(std::format("wrong length {}", view->payload().size()));
    if (line.ack && header.acknowledgment - peer.peer_initial != *line.ack) error("wrong acknowledgment");
    if (line.window && header.window != *line.window)
        error(std::format("wrong window {}", std::uint16_t(header.window)));
    if (packet.segment_size != line.segment_size.value_or(0))
        error(std::format("gso {}", packet.segment_size));
    if (line.ecn && (packet.traffic_class & 3U) != *line.ecn)
        error(std::format("ECN bits {}", packet.traffic_class & 3U));
    for (std::uint32_t i = 0; i < view->payload().size(); ++i)
        if (view->payload()[i] != pattern(sequence + i - 1)) return error(std::format("wrong byte at {}", i));

    if (!line.has_options) return;
    if (options.mss != line.mss.value_or(0)) error(std::format("mss {}", options.mss));
    if (options.has_window_scale != line.window_scale.has_value() ||
        options.window_scale != line.window_scale.value_or(0))
        error(std::format("wscale {}", options.window_scale));
    if (options.sack_permitted != line.sack_permitted) error("wrong sackOK");
    if (options.has_timestamp != line.timestamp_value.has_value())
        return error("timestamps present or absent");
    if (options.has_timestamp && options.timestamp_value - *peer.our_first_timestamp != *line.timestamp_value)
        error(std::format("TS val {}", options.timestamp_value - *peer.our_first_timestamp));
    if (options.has_timestamp && options.timestamp_echo != *line.timestamp_echo)
        error(std::format("TS ecr {}", options.timestamp_echo));
    if (options.has_user_timeout != line.user_timeout.has_value() ||
        options.user_timeout != line.user_timeout.value_or(0))
        error(std::format("uto {}", options.user_timeout));
    if (options.sack_count != line.sack.size()) return error("wrong number of SACK blocks");
    for (std::size_t i = 0; i < line.sack.size(); ++i) {
        const SeqRange wanted{Seq(peer.peer_initial + line.sack[i].first),
                              Seq(peer.peer_initial + line.sack[i].second)};
        if (options.sack[i] != wanted) error(std::format("wrong SACK block {}", i));
    }
}

std::string Player::describe(const SentPacket& packet) {
    const auto view = wire::TcpView::parse(packet.bytes);
    if (!view) return "garbage";
    const wire::TcpHeader& header = view->header();
    Peer& peer = peers_[header.destination_port];
    const std::uint32_t sequence = header.sequence - peer.our_initial.value_or(0);
    const std::size_t length = view->payload().size();
    std::string text =
        std::format("{} {}:{}({})", flag_names(header.flags), sequence, sequence + length, length);
    if ((header.flags & wire::kTcpAck) != 0)
        text += std::format(" ack {}", header.acknowledgment - peer.peer_initial);
    text += std::format(" win {}", std::uint16_t(header.window));
    if (packet.segment_size != 0) text += std::format(" gso {}", packet.segment_size);
    Options options;
    if (!parse_options(view->options(), options)) return text;
    if (options.mss != 0) text += std::format(" mss {}", options.mss);
    if (options.has_window_scale) text += std::format(" wscale {}", options.window_scale);
    if (options.sack_permitted) text += " sackOK";
    if (options.has_timestamp)
        text +=
            std::format(" TS val {} ecr {}", options.timestamp_value - peer.our_first_timestamp.value_or(0),
                        options.timestamp_echo);
    if (options.has_user_timeout) text += std::format(" uto {}", options.user_timeout);
    for (const SeqRange& block : options.sack_blocks())
        text += std::format(" sack {}:{}", block.begin.value() - peer.peer_initial,
                            block.end.value() - peer.peer_initial);
    return text + std::format(" (at {} ms)", double(packet.at.as_nanoseconds() - 1'000'000'000'000) / 1e6);
}

std::string Player::as_line(const SentPacket& packet) {
    const auto view = wire::TcpView::parse(packet.bytes);
    Options options;
    if (!view || !parse_options(view->options(), options)) return "> garbage";
    const wire::TcpHeader& header = view->header();
    Peer& peer = peers_[header.destination_port];
    const bool syn = (header.flags & wire::kTcpSyn) != 0;
    if (syn && !peer.our_initial) peer.our_initial = header.sequence;
    if (options.has_timestamp && !peer.our_first_timestamp)
        peer.our_first_timestamp = options.timestamp_value;
    std::string text = describe(packet);
    text = "> " + text.substr(0, text.find(" ("));
    // Only what a reader looks for: the window is left out, and options where they are always the same.
    const std::size_t window = text.find(" win ");
    std::string rest = text.substr(window + 5);
    text.resize(window);
    rest.erase(0, std::min(rest.find(' '), rest.size()));
    if (packet.segment_size != 0) text += std::format(" gso {}", packet.segment_size);
    std::string list;
    for (const SeqRange& block : options.sack_blocks())
        list += std::format("{}sack {}:{}", list.empty() ? "" : ",", block.begin.value() - peer.peer_initial,
                            block.end.value() - peer.peer_initial);
    if (options.has_user_timeout) list = std::format("uto {}", options.user_timeout);
    if (!list.empty() && !options.has_timestamp) text += " <" + list + ">";
    if ((packet.traffic_class & 3U) != 0) text += " ect";
    return text;
}

}  // namespace holm::net::tcp::test

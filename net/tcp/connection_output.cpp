// What a connection sends, and when: called by Layer::transmit() for connections that have asked for it.

#include <algorithm>
#include <array>

#include "net/tcp/header.h"
#include "net/tcp/layer.h"
#include "net/tcp/user_timeout.h"

namespace holm::net::tcp {
namespace {

constexpr std::uint8_t kEct0 = 0b10;  // ECN-capable transport: RFC 3168, section 5

}  // namespace

// Payload bytes of one packet: what the device cuts into segments, or one segment.
std::uint32_t Connection::burst() const {
    const std::uint32_t mss = sender_.mss();
    if (!segmentation_) return mss;
    const std::uint32_t most = ip::kMaximumTransport - wire::kTcpMaxHeader;
    return std::max(most - most % mss, mss);
}

bool Connection::transmit(Instant now, ip::IpOutput& output) {
    if (is_connecting()) {
        if (syn_due_) return emit_syn(now, output);
        // What is unacceptable in SYN-RECEIVED is answered too (RFC 9293, section 3.10.7.4, first step).
        if (state_ == State::kSynSent || !receiver_.acknowledgment_due(now)) return true;
        return emit_acknowledgment(now, output, sender_.next_sequence());
    }
    // Selective acknowledgments have segments of their own, so that the payload of full ones need not vary.
    if (receiver_.has_sack() && receiver_.acknowledgment_due(now)) {
        if (!emit_acknowledgment(now, output, sender_.next_sequence())) return false;
    }
    if (path_search_.active() && !emit_path_probe(now, output)) return false;
    const std::uint32_t most = burst();
    for (;;) {
        const Transmission transmission = sender_.next(now, most);
        if (transmission.empty()) break;
        if (!emit_data(now, output, transmission)) return false;
    }
    if (keep_alive_due_) {
        // RFC 9293, section 3.8.4: a sequence number that the peer has seen makes it answer.
        if (!emit_acknowledgment(now, output, sender_.next_sequence() - 1)) return false;
        keep_alive_due_ = false;
    }
    if (receiver_.acknowledgment_due(now)) return emit_acknowledgment(now, output, sender_.next_sequence());
    return true;
}

bool Connection::emit_syn(Instant now, ip::IpOutput& output) {
    const Configuration& ours = layer_.configuration_;
    const bool answer = state_ == State::kSynReceived;
    Options options;
    options.mss = announced_mss(mtu_, tuple);
    options.has_window_scale = answer ? window_scale_ : ours.window_scale;
    options.window_scale = receiver_.wanted_scale();
    options.sack_permitted = answer ? sack_ : ours.sack;
    options.has_timestamp = answer ? timestamps_ : ours.timestamps;
    std::uint8_t flags = wire::kTcpSyn | (answer ? wire::kTcpAck : 0);
    if (answer && ecn_) flags |= wire::kTcpEce;
    if (!answer) {
        // RFC 3168, section 6.1.1.1: what drops a SYN that asks may let one pass that does not.
        ecn_asked_ = ours.ecn == Ecn::kRequest && !syn_repeated_;
        if (ecn_asked_) flags |= wire::kTcpEce | wire::kTcpCwr;
        if (ours.user_timeout_option) {
            options.has_user_timeout = true;
            options.user_timeout = encode_user_timeout(patience_);
        }
    }
    if (!emit(now, output, flags, sender_.una(), options)) return false;
    sender_.syn_sent(now, syn_repeated_);
    syn_due_ = false;
    return true;
}

bool Connection::emit_data(Instant now, ip::IpOutput& output, Transmission transmission) {
    std::array<Bytes, ip::kMaximumPayloadPieces> pieces;
    std::size_t length = transmission.length;
    // The device would put CWR into the first of many segments, or into all of them: it gets one.
    const bool cwr = ecn_ && sender_.owes_cwr() && !transmission.again && length > 0;
    if (cwr) length = std::min<std::size_t>(length, sender_.mss());
    const std::size_t count = length == 0 ? 0 : sender_.gather(transmission, length, pieces);
    if (length < transmission.length) {
        // Too many small pieces for one packet: the rest follows.
        transmission.length = std::uint32_t(length);
        transmission.fin = transmission.push = false;
    }
    Options options;
    options.has_timestamp = timestamps_;
    const std::uint8_t flags = wire::kTcpAck | (transmission.push ? wire::kTcpPsh : 0) |
                               (transmission.fin ? wire::kTcpFin : 0) | (cwr ? wire::kTcpCwr : 0);
    const bool whole = transmission.kind == Transmission::Kind::kPathProbe;
    const bool cut = length > sender_.mss() && !whole;
    // RFC 3168, sections 6.1.5 and 6.1.6: neither retransmissions nor window probes may be marked.
    const bool ect =
        length > 0 && !transmission.again && transmission.kind != Transmission::Kind::kWindowProbe;
    if (!emit(now, output, flags, transmission.sequence, options, std::span(pieces).first(count),
              cut ? std::uint16_t(sender_.mss()) : 0, ect))
        return false;
    if (cwr) sender_.cwr_sent();
    sender_.sent(now, transmission);
    if (transmission.kind == Transmission::Kind::kWindowProbe) ++layer_.statistics_.window_probes;
    if (transmission.again) {
        ++layer_.statistics_.retransmissions;
        if (path_search_.active())
            path_search_.repeated(now, transmission.sequence, transmission.end(),
                                  sender_.recovery()->transmissions());
    }
    return true;
}

// One segment that is larger than the path is known to carry (RFC 4821). False: the device is full.
bool Connection::emit_path_probe(Instant now, ip::IpOutput& output) {
    const std::uint16_t mtu = path_search_.candidate(now, mtu_);
    if (mtu == 0) return true;
    const Transmission probe = sender_.path_probe(now, mss_within(mtu));
    if (probe.length <= sender_.mss()) return true;
    if (!emit_data(now, output, probe)) return false;
    // Only a segment that went out as large as it was meant says something about the path.
    if (sender_.next_sequence() == probe.end()) path_search_.sent(mtu, probe.sequence, probe.end());
    return true;
}

bool Connection::emit_acknowledgment(Instant now, ip::IpOutput& output, Seq sequence) {
    Options options;
    options.has_timestamp = timestamps_;
    if (receiver_.has_sack()) receiver_.report_sack(options);
    return emit(now, output, wire::kTcpAck, sequence, options);
}

bool Connection::emit(Instant now, ip::IpOutput& output, std::uint8_t flags, Seq sequence, Options& options,
                      std::span<const Bytes> payload, std::uint16_t segment_size, bool ect) {
    const bool ack = (flags & wire::kTcpAck) != 0;
    const bool syn = (flags & wire::kTcpSyn) != 0;
    if (echo_congestion_ && ack && !syn) flags |= wire::kTcpEce;
    const bool user_timeout = user_timeout_due_ && !syn && payload.empty();
    if (user_timeout) {
        options.has_user_timeout = true;
        options.user_timeout = encode_user_timeout(patience_);
    }
    if (options.has_timestamp) {
        options.timestamp_value = timestamp(now);
        options.timestamp_echo = ack ? timestamp_recent_ : 0;
    }
    HeaderBuffer header;
    const ip::Packet packet{.source = tuple.local.address,
                            .destination = tuple.remote.address,
                            .header = header.fill({.tuple = tuple,
                                                   .sequence = sequence,
                                                   .acknowledgment = receiver_.next(),
                                                   .flags = flags,
                                                   .window = receiver_.announce_window(syn)},
                                                  options),
                            .payload = payload,
                            .segment_size = segment_size,
                            .ttl = time_to_live_,
                            .traffic_class = std::uint8_t(traffic_class_ | (ecn_ && ect ? kEct0 : 0)),
                            .payload_stays = true,  // ChunkPool::release_sent()
                            .progress = progress_};
    if (output.send(now, packet) == TransmitResult::kFull) return false;
    ++layer_.statistics_.segments_out;
    progress_ = false;
    if (ack) receiver_.acknowledged();
    if (user_timeout) user_timeout_due_ = false;
    return true;
}

}  // namespace holm::net::tcp

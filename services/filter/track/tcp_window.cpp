// Whether a segment lies in the windows that both sides have told each other of, and what it tells of them.

#include <algorithm>

#include "services/filter/track/tcp_sequence.h"
#include "services/filter/track/tcp_state.h"

namespace holm::filter {

namespace {

constexpr std::uint32_t kAckWindow = 66'000;  // how far back an acknowledgment may be, at least

}  // namespace

void TcpTracker::take_options(Side& side, const TcpSegment& segment) {
    if (!segment.has_options) return;
    side.scale = segment.scale;
    side.has_scale = segment.has_scale;
    side.sack_permitted = segment.sack_permitted;
    side.unacknowledged = false;
    side.has_ack = false;
    side.closed_first = false;
}

TcpTracker::Fit TcpTracker::fits(const TcpSegment& segment, bool reply, Kind kind, bool liberal) {
    Side& sender = sides_[reply ? 1 : 0];
    Side& receiver = sides_[reply ? 0 : 1];
    std::uint32_t sequence = segment.sequence, ack = segment.acknowledgment, end = segment.end;
    std::uint32_t sack = receiver.sack_permitted ? segment.sack : ack;
    std::uint32_t window = segment.window;
    const auto begin = [&] {
        sender.end = sender.maximum_end = end;
        sender.maximum_window = std::max<std::uint32_t>(window, 1);
        take_options(sender, segment);
        // Both sides send the option, or neither scales (RFC 7323, section 2.2).
        if (reply && !(sender.has_scale && receiver.has_scale)) sender.scale = receiver.scale = 0;
    };
    if (sender.maximum_window == 0) {
        if (segment.syn()) {
            begin();
            if (!segment.ack()) return Fit::kFits;  // both sides open
        } else {
            sender.end = end;
            sender.maximum_window = std::max<std::uint32_t>(window << sender.scale, 1);
            sender.maximum_end = end + sender.maximum_window;
            if (receiver.maximum_window == 0) {
                // Nothing has been heard of the other side: what is acknowledged it has sent.
                receiver.end = receiver.maximum_end = sack;
            } else if (sack == receiver.end + 1) {
                // Probably a keep-alive of a connection that was picked up.
                receiver.end += 1;
            }
        }
    } else if (segment.syn() && after(end, sender.end) &&
               (state_ == TcpState::kSynSent || state_ == TcpState::kSynReceived)) {
        // The side begins again, with higher sequence numbers.
        begin();
        if (reply && !segment.ack()) return Fit::kFits;
    }
    if (!segment.ack() || (segment.rst() && ack == 0)) ack = sack = receiver.end;
    if (segment.rst() && sequence == 0 && state_ == TcpState::kSynSent) sequence = end = sender.end;

    const std::uint32_t ack_window = std::max(sender.maximum_window, kAckWindow);
    const bool ack_recent = after(sack, receiver.end - ack_window - 1);
    const bool ack_known = before(sack, receiver.end + 1);
    const auto unless_liberal = [&](Fit fit) { return sender.liberal || liberal ? Fit::kFits : fit; };
    if (!before(sequence, sender.maximum_end + 1)) {
        // Beyond the window. A sender that overshoots a little is believed as to how much it has sent, so
        // that the acknowledgment of it does not look like one of nothing.
        const std::uint32_t overshot = end - sender.maximum_end + 1;
        const bool in_window =
            receiver.maximum_window != 0 && after(end, sender.end - receiver.maximum_window - 1);
        if (in_window && ack_recent && ack_known && overshot <= receiver.maximum_window) {
            sender.end = end;
            sender.unacknowledged = true;
            return unless_liberal(Fit::kIgnored);
        }
        return unless_liberal(Fit::kOutside);
    }
    if (!ack_known) return unless_liberal(Fit::kOutside);
    if (receiver.maximum_window != 0 && !after(end, sender.end - receiver.maximum_window - 1))
        return unless_liberal(Fit::kIgnored);  // old: sent again, and acknowledged long ago
    if (!ack_recent) return unless_liberal(Fit::kIgnored);

    if (!segment.syn()) window <<= sender.scale;
    sender.maximum_window = std::max(sender.maximum_window, window + (sack - ack));
    if (after(end, sender.end)) {
        sender.end = end;
        sender.unacknowledged = true;
    }
    if (segment.ack() && (!sender.has_ack || after(ack, sender.maximum_ack))) {
        sender.maximum_ack = ack;
        sender.has_ack = true;
    }
    if (receiver.maximum_window != 0 && after(end, sender.maximum_end))
        receiver.maximum_window += end - sender.maximum_end;
    if (after(sack + window, receiver.maximum_end - 1))
        receiver.maximum_end = sack + window + (window == 0 ? 1 : 0);
    if (ack == receiver.end) receiver.unacknowledged = false;
    if (kind == Kind::kAck) {
        if (last_reply_ == reply && last_sequence_ == sequence && last_acknowledgment_ == ack &&
            last_end_ == end && last_window_ == segment.window) {
            if (retransmissions_ < 255) ++retransmissions_;
        } else {
            last_reply_ = reply;
            last_sequence_ = sequence;
            last_acknowledgment_ = ack;
            last_end_ = end;
            last_window_ = segment.window;
            retransmissions_ = 0;
        }
    }
    return Fit::kFits;
}

}  // namespace holm::filter

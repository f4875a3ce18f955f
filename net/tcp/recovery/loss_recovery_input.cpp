// What loss recovery makes of an acknowledgment.

#include <algorithm>
#include <array>

#include "net/tcp/options.h"
#include "net/tcp/recovery/loss_recovery.h"

namespace holm::net::tcp {

void LossRecovery::note_delivered(const Acknowledgment& ack, const Transmitted& run, Delivery& delivery) {
    delivery.bytes += run.size();
    if (run.repeated) {
        delivery.repeated = true;
    } else {
        delivery.original |= run.at < timed_out_at_;
        delivery.rtt = ack.now - run.at;
    }
    rack_.on_delivered(ack.now, run, ack.echo);
}

// RFC 2883: the first block reports a duplicate.
void LossRecovery::take_duplicate_report(const Acknowledgment& ack, SeqRange block) {
    if (!rack_.has_repeated() || block.end > ack.flight.next || block.size() > Transmissions::kMaximumRun)
        return;
    const bool probe = probe_.is_out();
    probe_.on_duplicate(block);
    undo_.on_duplicate(block);
    if (!probe) rack_.on_duplicate(ack.flight.una, ack.flight.next);
}

// RACK wants what is delivered in the order of sequence numbers: what looks like reordering must not be ours.
LossRecovery::Delivery LossRecovery::take(const Acknowledgment& ack) {
    Delivery delivery;
    const Flight& flight = ack.flight;
    const auto note = [&](const Transmitted& run) { note_delivered(ack, run, delivery); };
    transmissions_.acknowledge(flight.una, note);
    rack_.on_acknowledged(flight.una);
    if (ack.blocks.empty()) return delivery;

    std::array<SeqRange, kMaxSackBlocks> blocks;
    std::size_t count = 0;
    for (std::size_t i = 0; i < std::min(ack.blocks.size(), blocks.size()); ++i) {
        const SeqRange block = ack.blocks[i];
        if (block.end <= block.begin || block.end > flight.next) continue;
        const bool inside_next = i == 0 && ack.blocks.size() > 1 && ack.blocks[1].begin <= block.begin &&
                                 block.end <= ack.blocks[1].end;
        if (i == 0 && (block.end <= ack.number || inside_next)) {
            take_duplicate_report(ack, block);
            continue;
        }
        if (block.begin < flight.una) continue;  // old news, or a lie
        blocks[count++] = block;
    }
    std::sort(blocks.begin(), blocks.begin() + std::ptrdiff_t(count),
              [&](const SeqRange& a, const SeqRange& b) {
                  return distance(flight.una, a.begin) < distance(flight.una, b.begin);
              });
    for (std::size_t i = 0; i < count; ++i) transmissions_.select(blocks[i], note);
    return delivery;
}

// True: bytes are lost of which we did not know.
bool LossRecovery::find_losses(const Acknowledgment& ack) {
    const std::uint32_t before = transmissions_.lost() - transmissions_.under_way();
    if (sack_) {
        if (idle()) return false;
        reordering_deadline_ = rack_.detect(ack.now, transmissions_, hurry(ack.flight.mss), ack.smoothed);
    } else {
        const bool partial = phase_ == Phase::kRecovery && ack.acked > 0 && ack.flight.una < recovery_point_;
        // RFC 6582, section 3.2, step 2: duplicates that only echo our retransmissions start nothing.
        const bool third = phase_ != Phase::kRecovery && phase_ != Phase::kAfterTimeout &&
                           duplicates_ >= kDuplicateThreshold && ack.flight.una > recovery_point_;
        if (!partial && !third) return false;
        const int head = transmissions_.head(ack.flight.mss);
        if (head >= 0 && !transmissions_.runs()[0].lost) transmissions_.mark_lost(head);
    }
    return transmissions_.lost() - transmissions_.under_way() > before;
}

void LossRecovery::grow(const Acknowledgment& ack, const Delivery& delivery, CongestionControl& congestion) {
    if (ack.acked == 0) return;
    const bool after_timeout = phase_ == Phase::kAfterTimeout;
    std::uint32_t bytes = std::min(ack.acked, delivery.bytes);
    // RFC 3465, section 2.3: a jump over a filled gap says nothing of what the network takes now.
    if (after_timeout && !sack_) bytes = std::min(bytes, ack.flight.mss);
    congestion.on_acknowledged({.now = ack.now,
                                .bytes = bytes,
                                .window_limited = ack.window_limited || after_timeout,
                                .smoothed = ack.smoothed,
                                .sample = delivery.rtt,
                                .una = ack.flight.una,
                                .next = ack.flight.next});
}

void LossRecovery::on_acknowledgment(const Acknowledgment& ack, CongestionControl& congestion) {
    const Flight& flight = ack.flight;
    Delivery delivery = take(ack);
    if (!sack_) {
        // A duplicate ACK stands for a segment that has arrived behind the gap; the acknowledgment of the gap
        // covers those of which we have heard.
        if (ack.acked > 0) {
            const std::uint32_t heard =
                phase_ == Phase::kRecovery ? (ack.acked - 1) / flight.mss : duplicates_;
            delivery.bytes -= std::min(delivery.bytes, std::min(heard, duplicates_) * flight.mss);
            delivery.bytes = std::max(delivery.bytes, std::min(ack.acked, flight.mss));
            duplicates_ -= std::min(duplicates_, heard);
        } else if (ack.duplicate && phase_ != Phase::kAfterTimeout &&
                   duplicates_ * flight.mss < flight.size()) {
            ++duplicates_;
            delivery.bytes = flight.mss;
        }
    }
    if (probe_.on_acknowledgment(flight.una, ack.duplicate && ack.blocks.empty()) && phase_ == Phase::kOpen) {
        undo_.stop();
        reduced_ = true;
        before_ = congestion.before();
        rested_ = false;
        congestion.on_congestion(ack.now, flight.size() + ack.acked);
    }
    reordering_deadline_ = Instant::never();
    if (flight.una == flight.next) duplicates_ = 0;

    if (phase_ == Phase::kAfterTimeout) {
        continue_after_timeout(ack, delivery, congestion);
    } else {
        const bool news = find_losses(ack);
        if (news && phase_ != Phase::kRecovery) {
            enter(ack.now, flight, congestion);
        } else if (ack.congestion_echo && phase_ == Phase::kOpen && flight.una > recovery_point_) {
            reduce(ack.now, flight, congestion, Phase::kReduction);
        }
        if (phase_ == Phase::kOpen) {
            if (undo_.all_duplicates()) take_back(congestion);
            grow(ack, delivery, congestion);
        } else {
            continue_reduction(ack, delivery, news, congestion);
        }
    }
    // recovery_point_ must not fall so far behind that sequence numbers wrap round between them.
    if (phase_ == Phase::kOpen) recovery_point_ = later(recovery_point_, flight.una - 1);
}

void LossRecovery::continue_reduction(const Acknowledgment& ack, const Delivery& delivery, bool new_loss,
                                      CongestionControl& congestion) {
    if (phase_ == Phase::kRecovery &&
        (undo_.original_arrived(ack.flight.una, ack.echo) || undo_.all_duplicates()))
        return take_back(congestion);
    if (ack.flight.una >= recovery_point_) return finish(ack, congestion);
    if (delivery.bytes == 0 && !new_loss) return;
    window_ =
        reduction_.on_delivered(delivery.bytes, pipe(ack.flight), ack.acked > 0 && !new_loss, ack.flight.mss);
}

// RFC 5682, sections 2.1 and 3.1.
void LossRecovery::continue_after_timeout(const Acknowledgment& ack, const Delivery& delivery,
                                          CongestionControl& congestion) {
    const bool advanced = ack.acked > 0;
    const bool recovered = ack.flight.una >= recovery_point_;
    if (advanced && undo_.original_arrived(ack.flight.una, ack.echo)) return take_back(congestion);
    if (frto_ != Frto::kOff) {
        // Without SACK, an ACK that covers retransmitted bytes too may have waited for just those.
        if (delivery.original && (sack_ || !delivery.repeated)) return take_back(congestion);
        if (frto_ == Frto::kWaiting && advanced && !recovered && ack.may_send_new) {
            frto_ = Frto::kProbing;
        } else if (frto_ == Frto::kProbing || advanced) {
            // Step 3a: the loss was real, slow start goes on.
            if (frto_ == Frto::kProbing && !advanced)
                congestion.set_window(std::min(3 * ack.flight.mss, congestion.threshold()));
            frto_ = Frto::kOff;
        }
    }
    if (sack_) find_losses(ack);
    grow(ack, delivery, congestion);
    if (recovered) {
        phase_ = Phase::kOpen;
        frto_ = Frto::kOff;
        force_ = false;
        rack_.on_recovered();
    }
}

}  // namespace holm::net::tcp

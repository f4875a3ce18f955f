#pragma once

// What a path carries when nobody says so (RFC 4821): a fallback for black holes, paths that swallow packets
// which are too large without an ICMP error. Nothing is probed before the retransmission timer has run out
// several times in a row with large segments outstanding (section 7.7). Then segments are as small as any
// path takes them, and larger ones are tried, one at a time, with data that is to be sent anyhow.
//
// Section 7.6.1 would not have a lost probe count as congestion. It does here: a search loses at most a
// handful, and nothing tells that loss from another.

#include <algorithm>
#include <cstdint>

#include "base/instant.h"
#include "net/tcp/recovery/transmissions.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

class PathSearch {
  public:
    static constexpr std::uint8_t kTimeouts = 3;  // in a row: a black hole
    // Bytes of an IP packet. kBase: every IPv6 link carries it, and nearly every path of IPv4; what does not
    // carries kLeast (section 7.2 asks for these two kinds of sizes).
    static constexpr std::uint16_t kBase = 1280;
    static constexpr std::uint16_t kLeast = 576;
    static constexpr std::uint16_t kPrecision = 16;  // what is closer to the truth is not worth a probe
    static constexpr Duration kPause = Duration::seconds(1);  // between probes
    // A path may have become wider (section 7.4; RFC 1191, section 6.3).
    static constexpr Duration kAgain = Duration::minutes(10);

    // The retransmission timer ran out. `mtu`: what was sent so far, `least`: the smallest that the family
    // allows. Returns what to send from now on.
    std::uint16_t timed_out(Instant now, std::uint16_t mtu, std::uint16_t least) {
        if (mtu <= least || ++timeouts_ < kTimeouts) return mtu;
        timeouts_ = 0;
        const std::uint16_t narrow = mtu > kBase ? kBase : least;
        ceiling_ = std::max(ceiling_, mtu);
        // If it was mere loss, the first probe shows it: it is as large as ever.
        largest_ = mtu;
        tried_ = false;
        next_ = now + kPause;
        return narrow;
    }
    // An ICMP error has said what the path carries.
    void told(std::uint16_t mtu) { ceiling_ = largest_ = std::min(largest_, mtu); }

    bool active() const { return ceiling_ != 0; }
    // The size to try now; 0: none.
    std::uint16_t candidate(Instant now, std::uint16_t mtu) {
        if (out_ || now < next_) return 0;
        if (largest_ < mtu + kPrecision) {
            largest_ = ceiling_;
            tried_ = false;
            next_ = now + kAgain;
            return 0;
        }
        return tried_ ? std::uint16_t((mtu + largest_ + 1) / 2) : largest_;
    }
    void sent(std::uint16_t size, Seq begin, Seq end) {
        size_ = size;
        begin_ = begin;
        end_ = end;
        out_ = true;
    }
    // What begins here and ends there is sent again, because of what is believed lost by now. A probe that
    // was lost with others near it shows nothing of its size (section 7.6.4): the same one goes again.
    void repeated(Instant now, Seq begin, Seq end, const Transmissions& transmissions) {
        if (!out_ || begin >= end_ || end <= begin_) return;
        finish(now);
        if (!is_lost_alone(transmissions)) return;
        largest_ = std::uint16_t(size_ - 1);
        tried_ = true;
    }
    // Everything before `una` has arrived. The size that the path is now known to carry; 0: nothing new.
    std::uint16_t acknowledged(Instant now, Seq una) {
        timeouts_ = 0;
        if (!out_ || una < end_) return 0;
        finish(now);
        tried_ = true;
        return size_;
    }

  private:
    bool is_lost_alone(const Transmissions& transmissions) const {
        return std::ranges::none_of(transmissions.runs(), [this](const Transmitted& run) {
            return run.lost && (run.begin < begin_ || run.end > end_);
        });
    }
    void finish(Instant now) {
        out_ = false;
        next_ = now + kPause;
    }

    Instant next_;  // the next probe, at the earliest
    Seq begin_, end_;
    std::uint16_t ceiling_ = 0;  // what the link and the peer take; 0: no search
    std::uint16_t largest_ = 0;  // no more than this may pass
    std::uint16_t size_ = 0;     // of the probe
    std::uint8_t timeouts_ = 0;  // since something was acknowledged
    bool out_ = false;           // a probe is on its way
    bool tried_ = false;         // what became of the first probe of this search is known
};

}  // namespace holm::net::tcp

#pragma once

// TIME-WAIT: for 2 MSL after a connection that we closed first, its four-tuple answers late segments (RFC
// 9293, section 3.6.1). An entry keeps only what that takes, about a tenth of a connection, and there is a
// bound on entries: when it is reached the oldest one ends early, which risks less than to refuse new
// connections.

#include <cstdint>

#include "base/instant.h"
#include "base/intrusive_list.h"
#include "net/tcp/memory.h"
#include "net/tcp/reply.h"
#include "net/tcp/segment.h"
#include "net/tcp/table.h"

namespace holm::net::tcp {

struct TimeWaitTag {};

struct TimeWait final : TableEntry, ListHook<TimeWaitTag> {
    explicit TimeWait(const FourTuple& entry_tuple) : TableEntry(Kind::kTimeWait, entry_tuple) {}
    Seq send_next;
    Seq receive_next;
    std::uint16_t window = 0;  // as the last acknowledgment announced it
    bool timestamps = false;
    std::uint32_t timestamp_offset = 0;
    std::uint32_t timestamp_recent = 0;
    Instant expires;
    Instant last_answer;  // limits the answers to segments that are not acceptable
};

class TimeWaitList {
  public:
    TimeWaitList(Memory& memory, Table& table, std::uint32_t bound)
        : memory_(memory), table_(table), bound_(bound) {}

    std::size_t size() const { return size_; }
    // The entry is in the table, and the caller fills in the rest; null when there is no memory.
    TimeWait* add(const FourTuple& tuple, Instant expires);
    void remove(TimeWait& entry);
    void expire(Instant now);
    Instant next_deadline() const { return earliest_; }

    enum class Verdict : std::uint8_t { kDone, kNewConnection };
    // A segment for the entry. kNewConnection: a SYN that may open the next connection of the same
    // four-tuple; the caller removes the entry and hands the SYN to the listener. Otherwise `replies` has the
    // answer, if any. Restarts 2 MSL for a repeated FIN.
    Verdict receive(Instant now, TimeWait& entry, const Segment& segment, Duration duration,
                    ReplyQueue& replies);

  private:
    void note_earliest() { earliest_ = list_.empty() ? Instant::never() : list_.front().expires; }

    Memory& memory_;
    Table& table_;
    IntrusiveList<TimeWait, TimeWaitTag>
        list_;  // all wait equally long: the order of arrival is the order of expiry
    Instant earliest_ = Instant::never();
    std::size_t size_ = 0;
    std::uint32_t bound_;
};

}  // namespace holm::net::tcp

#include "net/tcp/time_wait.h"

#include <new>

namespace holm::net::tcp {

TimeWait* TimeWaitList::add(const FourTuple& tuple, Instant expires) {
    if (bound_ == 0) return nullptr;
    if (size_ >= bound_) remove(list_.front());
    void* memory = memory_.allocate(sizeof(TimeWait));
    if (memory == nullptr) return nullptr;
    auto* entry = new (memory) TimeWait(tuple);
    if (!table_.insert(*entry)) {
        entry->~TimeWait();
        memory_.release(memory, sizeof(TimeWait));
        return nullptr;
    }
    entry->expires = expires;
    list_.push_back(*entry);
    ++size_;
    note_earliest();
    return entry;
}

void TimeWaitList::remove(TimeWait& entry) {
    table_.remove(entry);
    static_cast<ListHook<TimeWaitTag>&>(entry).unlink();
    --size_;
    note_earliest();
    entry.~TimeWait();
    memory_.release(&entry, sizeof(TimeWait));
}

void TimeWaitList::expire(Instant now) {
    while (!list_.empty() && list_.front().expires <= now) remove(list_.front());
}

TimeWaitList::Verdict TimeWaitList::receive(Instant now, TimeWait& entry, const Segment& segment,
                                            Duration duration, ReplyQueue& replies) {
    const bool stamped = entry.timestamps && segment.options.has_timestamp;
    const auto age = std::int32_t(segment.options.timestamp_value - entry.timestamp_recent);
    // A RST does not end TIME-WAIT (RFC 1337).
    if (segment.rst()) return Verdict::kDone;
    if (segment.syn() && !segment.ack()) {
        // RFC 6191, section 2: newer than everything the old connection has sent.
        if (stamped ? age > 0 || (age == 0 && segment.sequence > entry.receive_next)
                    : segment.sequence > entry.receive_next)
            return Verdict::kNewConnection;
    }
    // A repeated FIN: our last acknowledgment was lost.
    const bool repeated_fin = segment.fin() && segment.end() == entry.receive_next && (!stamped || age >= 0);
    if (repeated_fin) {
        entry.expires = now + duration;
        list_.push_back(entry);  // moves it to the end
        note_earliest();
    } else if (segment.length() == 0 && segment.sequence == entry.receive_next) {
        return Verdict::kDone;  // an ordinary acknowledgment: answering it would loop with another TIME-WAIT
    } else if (now - entry.last_answer < Duration::milliseconds(500) && entry.last_answer != Instant()) {
        return Verdict::kDone;
    }
    entry.last_answer = now;
    const auto clock = std::uint32_t(now.as_nanoseconds() / 1'000'000);
    replies.push({.tuple = entry.tuple,
                  .sequence = entry.send_next,
                  .acknowledgment = entry.receive_next,
                  .flags = wire::kTcpAck,
                  .window = entry.window,
                  .has_timestamp = entry.timestamps,
                  .timestamp_value = entry.timestamp_offset + clock,
                  .timestamp_echo = entry.timestamp_recent});
    return Verdict::kDone;
}

}  // namespace holm::net::tcp

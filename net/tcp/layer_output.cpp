// When each connection has its turn: timers, and what is due to be sent.

#include <algorithm>

#include "net/tcp/layer.h"

namespace holm::net::tcp {

void Layer::arm(Connection& connection) {
    // A deadline that moved away is not worth a place change: the early wake-up will notice.
    const Instant deadline = connection.deadline();
    if (connection.is_queued()) {
        if (deadline >= connection.armed_) return;
        timers_.remove(connection);
    } else if (deadline.is_never()) {
        return;
    }
    connection.armed_ = deadline;
    timers_.insert(connection);
}

void Layer::disarm(Connection& connection) {
    if (connection.is_queued()) timers_.remove(connection);
    connection.armed_ = Instant::never();
}

void Layer::run_timers(Instant now) {
    time_wait_.expire(now);
    while (Connection* connection = timers_.top()) {
        if (connection->armed_ > now) break;
        disarm(*connection);
        if (connection->deadline() <= now) connection->on_deadline(now);
        // One that has something to send now is armed afterwards: its deadline may lie in the sending.
        if (connection->in_layer_ && !is_pending(*connection)) arm(*connection);
    }
    reap();
}

bool Layer::transmit(Instant now) {
    pool_.reap();
    run_timers(now);
    if (!replies_.transmit(now, output_, statistics_.segments_out)) return false;
    while (!pending_.empty()) {
        Connection& connection = pending_.front();
        if (!connection.transmit(now, output_)) return false;
        static_cast<ListHook<PendingTag>&>(connection).unlink();
        arm(connection);
    }
    reap();
    return true;
}

Instant Layer::next_deadline() const {
    const Connection* first = timers_.top();
    const Instant connections = first == nullptr ? Instant::never() : first->armed_;
    return std::min(connections, time_wait_.next_deadline());
}

}  // namespace holm::net::tcp

#pragma once

// A listening port. Handshakes run as half-open connections, a bounded number of them; when that is reached,
// SYN cookies answer without keeping state. Completed connections wait in a queue until the service accepts
// them.

#include <cstdint>

#include "base/instant.h"
#include "base/intrusive_list.h"
#include "base/observer.h"
#include "base/reference.h"
#include "net/address.h"
#include "net/tcp/connection.h"

namespace holm::net::tcp {

struct ListenerTag {};

class Listener final : public ListHook<ListenerTag> {
  public:
    const Endpoint& local() const { return local_; }
    // The oldest connection that waits, or null.
    Reference<Connection> accept();
    bool has_waiting() const { return waiting_count_ > 0; }
    // Notified when a connection waits to be accepted.
    void set_observer(Observer* observer) { observer_ = observer; }
    // Stops listening; connections that were not accepted are reset. Dropping the last reference does the
    // same.
    void close();

    std::uint32_t half_open() const { return half_open_count_; }

    // For Reference.
    void retain() { ++users_; }
    void release();

  private:
    friend class Layer;
    friend class Connection;

    Listener(Layer& layer, const Endpoint& local, std::uint16_t backlog, bool only_v6)
        : layer_(layer), local_(local), backlog_(backlog), only_v6_(only_v6) {}
    ~Listener() = default;

    // RFC 9293, section 3.10.7.2: a segment for which there is no connection.
    void receive(Instant now, const FourTuple& tuple, const Segment& segment);
    void receive_syn(Instant now, const FourTuple& tuple, const Segment& syn);
    bool receive_cookie(Instant now, const FourTuple& tuple, const Segment& ack);
    // A handshake is complete; false: the queue is full, the peer may try again.
    bool completed(Connection& connection);
    // A connection in one of the queues ended or was accepted.
    void forget(Connection& connection);

    Layer& layer_;
    Endpoint local_;
    Observer* observer_ = nullptr;
    IntrusiveList<Connection, QueueTag> half_open_;
    IntrusiveList<Connection, QueueTag> waiting_;
    std::uint32_t half_open_count_ = 0;
    std::uint32_t waiting_count_ = 0;
    std::uint32_t users_ = 0;
    std::uint16_t backlog_;
    bool only_v6_;
    Instant cookies_until_;  // answers to cookies are believed until then
};

}  // namespace holm::net::tcp

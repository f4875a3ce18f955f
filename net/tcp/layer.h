#pragma once

// The TCP layer of one stack: every connection, listener and TIME-WAIT entry, and the way in and out for
// their segments.

#include <cstdint>

#include "base/instant.h"
#include "base/reference.h"
#include "base/result.h"
#include "net/address.h"
#include "net/ip/input.h"
#include "net/ip/output.h"
#include "net/tcp/chunk.h"
#include "net/tcp/configuration.h"
#include "net/tcp/connection.h"
#include "net/tcp/listener.h"
#include "net/tcp/memory.h"
#include "net/tcp/reply.h"
#include "net/tcp/secrets.h"
#include "net/tcp/table.h"
#include "net/tcp/time_wait.h"

namespace holm::net::tcp {

class Layer {
  public:
    Layer(const Configuration& configuration, Memory& memory, ip::IpOutput& output);
    // Precondition: nobody holds a reference to a connection or listener any more.
    ~Layer();
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;

    // Listens on a port, at one address, at all of IPv4 (0.0.0.0) or at all of both families (::, but of IPv6
    // alone if `only_v6`). `backlog`: completed connections that may wait for accept(). Port 0 picks one.
    // Errors: kAddressInUse, kOutOfMemory.
    Result<Reference<Listener>> listen(const Endpoint& local, std::uint16_t backlog, bool only_v6 = false);
    // Starts a connection: its state tells when it is established. `local` may leave address and port open.
    // Errors: kInvalid, kNetworkUnreachable, kAddressInUse, kAddressUnavailable, kNoBuffers, kOutOfMemory.
    Result<Reference<Connection>> connect(Instant now, const Endpoint& remote, const Endpoint& local = {});

    // --- from IP ---
    void receive(Instant now, const ip::Received& about, Bytes segment);
    // True if the error is about a segment of ours that is in flight, and can be believed.
    bool report_error(Instant now, const ip::ErrorReport& report);

    // --- to IP ---
    // Runs timers and sends everything that is due. False: the device is full, call again when it has room.
    bool transmit(Instant now);
    // Through which devices say which bytes they still read.
    void set_references(const OutgoingReferences& references) { pool_.set_references(references); }
    // When transmit() has something to do by itself, at the earliest; may be early, never late.
    Instant next_deadline() const;

    const Statistics& statistics() const { return statistics_; }
    std::size_t connections() const { return connections_; }
    std::size_t orphans() const { return orphans_; }
    std::size_t time_wait_entries() const { return time_wait_.size(); }
    std::size_t buffer_bytes() const { return pool_.bytes_in_use(); }
    const Configuration& configuration() const { return configuration_; }

  private:
    friend class Connection;
    friend class Listener;

    // Null: too many connections, no memory, or no way to the peer (then `error` says which).
    // `shed`: if there are too many, the newest half-open one makes room.
    Connection* create_connection(const FourTuple& tuple, const ip::Route& route, bool shed = false);
    bool shed_half_open();
    // The connection is over for the protocol: it leaves the table, and lives on only for its users.
    void retire(Connection& connection);
    void destroy(Connection& connection);
    void destroy(Listener& listener);
    void reap();

    static bool is_pending(const Connection& connection) {
        return static_cast<const ListHook<PendingTag>&>(connection).is_linked();
    }
    void schedule(Connection& connection) {
        if (!is_pending(connection)) pending_.push_back(connection);
    }
    void arm(Connection& connection);
    void disarm(Connection& connection);
    void run_timers(Instant now);

    Listener* find_listener(const Endpoint& local);
    // `now`: of a connection about to be opened, so that a port in TIME-WAIT may do.
    Result<std::uint16_t> choose_port(const IpAddress& local, const Endpoint& remote, Instant now = {});
    void refuse(const FourTuple& tuple, const Segment& segment);
    void enter_time_wait(Instant now, Connection& connection);

    Configuration configuration_;
    Memory& memory_;
    ip::IpOutput& output_;
    Secrets secrets_;
    Statistics statistics_;
    ChunkPool pool_;
    Table table_;
    TimeWaitList time_wait_;
    ReplyQueue replies_;
    PairingHeap<Connection> timers_;
    IntrusiveList<Connection, PendingTag> pending_;
    IntrusiveList<Connection, QueueTag>
        retired_;  // without users, freed when no function of theirs is running
    IntrusiveList<Listener, ListenerTag> listeners_;
    std::size_t connections_ = 0;
    std::size_t orphans_ = 0;
    std::uint32_t port_counter_ = 0;
};

}  // namespace holm::net::tcp

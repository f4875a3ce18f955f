// How listeners and connections begin, and how they leave.

#include "net/tcp/layer.h"

#include <algorithm>
#include <cassert>
#include <new>

namespace holm::net::tcp {
namespace {

// RFC 6335, section 6: the dynamic ports.
constexpr std::uint32_t kFirstEphemeral = 49'152;
constexpr std::uint32_t kEphemeralPorts = 65'536 - kFirstEphemeral;

}  // namespace

Layer::Layer(const Configuration& configuration, Memory& memory, ip::IpOutput& output)
    : configuration_(configuration),
      memory_(memory),
      output_(output),
      secrets_(configuration.secret),
      pool_(memory, configuration.max_buffer_bytes),
      table_(memory, secrets_.table_key()),
      time_wait_(memory, table_, configuration.max_time_wait) {}

Layer::~Layer() {
    assert(listeners_.empty());
    while (TableEntry* entry = table_.any()) {
        if (entry->kind == TableEntry::Kind::kTimeWait)
            time_wait_.remove(static_cast<TimeWait&>(*entry));
        else
            retire(static_cast<Connection&>(*entry));
    }
    reap();
}

// --- connections
// --------------------------------------------------------------------------------------------------

// Only a connection whose peer has proved that it exists, or that the service wants, may push another out:
// the newest half-open one, which a flood of SYNs is most likely to have made. Established ones stay.
bool Layer::shed_half_open() {
    Listener* most = nullptr;
    listeners_.for_each([&](Listener& listener) {
        if (listener.half_open_count_ > (most == nullptr ? 0 : most->half_open_count_)) most = &listener;
    });
    if (most == nullptr) return false;
    Connection& newest = most->half_open_.back();
    newest.fail({ErrorCode::kConnectionAborted, "made room for an established connection"});
    static_cast<ListHook<QueueTag>&>(newest).unlink();  // of those that wait for their end
    destroy(newest);
    ++statistics_.half_open_shed;
    return true;
}

Connection* Layer::create_connection(const FourTuple& tuple, const ip::Route& route, bool shed) {
    if (connections_ >= configuration_.max_connections && !(shed && shed_half_open())) return nullptr;
    void* memory = memory_.allocate(sizeof(Connection));
    if (memory == nullptr) return nullptr;
    auto* connection = new (memory) Connection(*this, tuple, route);
    ++connections_;
    if (!table_.insert(*connection)) {
        destroy(*connection);
        return nullptr;
    }
    connection->in_layer_ = true;
    return connection;
}

void Layer::retire(Connection& connection) {
    if (!connection.in_layer_) return;
    connection.in_layer_ = false;
    table_.remove(connection);
    disarm(connection);
    static_cast<ListHook<PendingTag>&>(connection).unlink();
    if (connection.orphan_) --orphans_;
    if (connection.listener_ != nullptr) connection.listener_->forget(connection);
    if (connection.users_ == 0) retired_.push_back(connection);
}

void Layer::destroy(Connection& connection) {
    connection.~Connection();
    memory_.release(&connection, sizeof(Connection));
    --connections_;
}

void Layer::destroy(Listener& listener) {
    static_cast<ListHook<ListenerTag>&>(listener).unlink();
    listener.~Listener();
    memory_.release(&listener, sizeof(Listener));
}

void Layer::reap() {
    while (Connection* connection = retired_.pop_front()) destroy(*connection);
}

Result<Reference<Listener>> Layer::listen(const Endpoint& wanted, std::uint16_t backlog, bool only_v6) {
    Endpoint local = wanted;
    if (local.port == 0) {
        local.port = TRY(choose_port(local.address, {}));
    } else {
        bool taken = false;
        listeners_.for_each([&](Listener& other) {
            taken |= other.local_.port == local.port &&
                     overlap(other.local_.address, other.only_v6_, local.address, only_v6);
        });
        if (taken) return fail(ErrorCode::kAddressInUse, "another listener has this port");
    }
    void* memory = memory_.allocate(sizeof(Listener));
    if (memory == nullptr) return fail(ErrorCode::kOutOfMemory, "no memory for a listener");
    auto* listener = new (memory) Listener(*this, local, std::max<std::uint16_t>(backlog, 1), only_v6);
    listeners_.push_back(*listener);
    return Reference<Listener>(listener);
}

Result<Reference<Connection>> Layer::connect(Instant now, const Endpoint& peer, const Endpoint& wanted) {
    Endpoint remote = peer;
    if (remote.port == 0 || remote.address.is_unspecified() || remote.address.is_multicast() ||
        remote.address.is_limited_broadcast())
        return fail(ErrorCode::kInvalid, "the peer's address or port cannot be connected to");
    const ip::Route route = TRY(output_.route(remote.address, wanted.address));
    if (route.zone != 0) remote.address = remote.address.with_zone(route.zone);
    FourTuple tuple{.local = {route.source, wanted.port}, .remote = remote};
    if (tuple.local.port == 0) tuple.local.port = TRY(choose_port(tuple.local.address, remote, now));
    if (TableEntry* entry = table_.find(tuple)) {
        if (entry->kind != TableEntry::Kind::kTimeWait)
            return fail(ErrorCode::kAddressInUse, "this connection exists already");
        time_wait_.remove(static_cast<TimeWait&>(*entry));
    }
    Connection* connection = create_connection(tuple, route, true);
    if (connection == nullptr) return fail(ErrorCode::kNoBuffers, "too many connections");
    ++statistics_.opened;
    connection->open(now);
    return Reference<Connection>(connection);
}

// RFC 6056, algorithm 3: the search starts at a place that depends on the destination, so that ports to one
// peer say nothing about the ports to another.
Result<std::uint16_t> Layer::choose_port(const IpAddress& local, const Endpoint& remote, Instant now) {
    const std::uint32_t offset = secrets_.port_offset(local, remote);
    // RFC 6191, from the side that opens: the peer can tell the new connection from the old one in TIME-WAIT
    // by its timestamps, once our clock has moved on. Without this, one peer could be connected to 273 times
    // a second.
    const auto reusable = [&](const TableEntry& entry) {
        if (entry.kind != TableEntry::Kind::kTimeWait) return false;
        const auto& wait = static_cast<const TimeWait&>(entry);
        return wait.timestamps && now + configuration_.time_wait - wait.expires >= Duration::seconds(1);
    };
    for (std::uint32_t i = 0; i < kEphemeralPorts; ++i) {
        const auto port = std::uint16_t(kFirstEphemeral + (offset + port_counter_++) % kEphemeralPorts);
        const TableEntry* entry = table_.find({.local = {local, port}, .remote = remote});
        bool taken = entry != nullptr && !reusable(*entry);
        listeners_.for_each([&](Listener& listener) { taken |= listener.local_.port == port; });
        if (!taken) return port;
    }
    return fail(ErrorCode::kAddressUnavailable, "every local port towards this peer is in use");
}

void Layer::enter_time_wait(Instant now, Connection& connection) {
    const bool timestamps = connection.timestamps_;
    const Reply last{.tuple = connection.tuple,
                     .sequence = connection.sender_.next_sequence(),
                     .acknowledgment = connection.receiver_.next(),
                     .flags = wire::kTcpAck,
                     .window = connection.receiver_.announce_window(),
                     .has_timestamp = timestamps,
                     .timestamp_value = connection.timestamp(now),
                     .timestamp_echo = connection.timestamp_recent_};
    // In CLOSING the peer's FIN has mostly been acknowledged already.
    if (connection.receiver_.acknowledgment_due(now)) replies_.push(last);
    retire(connection);
    TimeWait* entry = time_wait_.add(connection.tuple, now + configuration_.time_wait);
    if (entry == nullptr) return;  // no memory: a late segment will be answered with a reset
    entry->send_next = last.sequence;
    entry->receive_next = last.acknowledgment;
    entry->window = last.window;
    entry->timestamps = timestamps;
    entry->timestamp_offset = connection.timestamp_offset_;
    entry->timestamp_recent = connection.timestamp_recent_;
}

}  // namespace holm::net::tcp

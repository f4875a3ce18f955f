#pragma once

// A UDP socket (RFC 768). Owned by who opened it; it must be gone before its Layer is.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/observer.h"
#include "base/result.h"
#include "net/address.h"
#include "net/ip/input.h"
#include "net/multicast/source_filter.h"
#include "net/record_queue.h"

namespace holm::net::udp {

class Layer;

struct Datagram {
    Endpoint source;
    IpAddress destination;  // ours, or the group it was sent to
    Bytes payload;          // valid until pop() or the socket's end
    std::uint8_t zone = 0;  // of the interface where it came in
    std::uint8_t ttl = 0;
    std::uint8_t traffic_class = 0;
};

struct SocketCounters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t overflowed = 0;  // datagrams dropped because the receive queue was full
};

// Answers datagrams on the spot, where they lie: no queue, no copy, no task to wake. It sees a few of those
// that came together before it is asked about the first, so that it can have fetched from memory what the
// answers need.
class Responder {
  public:
    static constexpr std::size_t kMostAtOnce = 8;

    // At most so many, which stay where they are until respond() was called for each.
    virtual void look_ahead(std::span<const Bytes> payloads) = 0;
    // The answer to the one with this index, valid until the next call; empty: there is none.
    virtual Bytes respond(Instant now, std::size_t index, const Endpoint& source,
                          const IpAddress& destination) = 0;

  protected:
    ~Responder() = default;
};

class Socket {
  public:
    // Datagrams that may wait in the frame that they came in, without a copy: as many as one frame can bring.
    static constexpr std::size_t kMaxRetained = 64;

    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    // Takes a local address (0.0.0.0: all of IPv4, ::: all of both families) and port (0: a random one, RFC
    // 6056). Errors: kInvalid if bound already, kAddressUnavailable, kAddressInUse.
    Result<> bind(const Endpoint& local);
    // From now on only datagrams from `remote` are received, send() goes there, and ICMP errors about them
    // are reported. Binds if that has not happened. Errors: those of bind() and IpOutput::route().
    Result<> connect(const Endpoint& remote);

    // Sends one datagram made of `pieces` (at most ip::kMaximumPayloadPieces). Errors: kMessageSize beyond
    // 65,507 bytes, kWouldBlock when the device is full (the observer is told when it is worth trying again),
    // kNotConnected, kAccess for a broadcast without allow_broadcast(), those of IpOutput::route(), or the
    // pending ICMP error.
    Result<> send_to(Instant now, const Endpoint& remote, std::span<const Bytes> pieces);
    Result<> send_to(Instant now, const Endpoint& remote, Bytes payload) {
        return send_to(now, remote, {&payload, 1});
    }
    Result<> send(Instant now, Bytes payload);

    // The same from an address of ours: an answer comes from where the question went to.
    Result<> send_from(Instant now, const IpAddress& source, const Endpoint& remote,
                       std::span<const Bytes> pieces);
    // From now on all datagrams go to it and none is queued; an answer that the device has no room for is
    // lost. It must live as long as the socket.
    void set_responder(Responder* responder) { responder_ = responder; }

    // The oldest datagram that has arrived, where it lies.
    std::optional<Datagram> front();
    // Precondition: front() returned a datagram.
    void pop();
    bool readable() const { return !queue_.empty() || error_.has_value(); }
    // The error an ICMP message reported on a connected socket; taking it clears it.
    std::optional<ErrorCode> take_error();

    const Endpoint& local() const { return local_; }
    const Endpoint& remote() const { return remote_; }
    bool is_bound() const { return local_.port != 0; }
    bool is_connected() const { return remote_.port != 0; }
    const SocketCounters& counters() const { return counters_; }

    void set_observer(Observer* observer) { observer_ = observer; }
    void allow_broadcast(bool on) { broadcast_ = on; }
    void set_ttl(std::uint8_t ttl) { ttl_ = ttl; }
    std::uint8_t ttl() const { return ttl_; }
    void set_traffic_class(std::uint8_t traffic_class) { traffic_class_ = traffic_class; }
    std::uint8_t traffic_class() const { return traffic_class_; }

    // Hears what is sent to the group, at most kMaximumGroups of them, through the interface of this zone (0:
    // the one that packets to it leave by). Errors: kInvalid, kAlready, kNoDevice, kNoBuffers.
    static constexpr std::size_t kMaximumGroups = 8;
    Result<> join(const IpAddress& group, std::uint8_t zone = 0);
    // Errors: kAddressUnavailable if it was not joined.
    Result<> leave(const IpAddress& group, std::uint8_t zone = 0);
    // Hears of the group what certain sources send (kInclude: a group joined for them alone), or no more what
    // they send (kExclude: of a group joined whoever sends; kInvalid if it is not), or takes either back; a
    // group of which no source is left is left itself (RFC 3678). Errors: kInvalid also for a source of the
    // other family or that is a group, kAlready, kAddressUnavailable for a source that is not in the list,
    // kNoBuffers beyond multicast::SourceList::kCapacity, kOutOfMemory, those of join().
    enum class Sources : std::uint8_t { kInclude, kExclude };
    Result<> add_source(Sources which, const IpAddress& group, const IpAddress& source,
                        std::uint8_t zone = 0);
    Result<> remove_source(Sources which, const IpAddress& group, const IpAddress& source,
                           std::uint8_t zone = 0);
    // The whole list at once, of a group that is joined, whichever way: `include` some sources alone (of
    // none: leaves the group), or all but some. Errors: kInvalid also for a group that is not joined,
    // kNoBuffers.
    Result<> set_sources(Sources which, const IpAddress& group, std::span<const IpAddress> sources,
                         std::uint8_t zone = 0);
    // Whom the socket hears of a group. Errors: kAddressUnavailable if it was not joined.
    Result<multicast::SourceFilter> sources_of(const IpAddress& group, std::uint8_t zone = 0);
    // Packets to groups leave by the interface of this zone; 0: by the one that leads there.
    void set_group_zone(std::uint8_t zone) { group_zone_ = zone; }
    std::uint8_t group_zone() const { return group_zone_; }
    // Members of the group on this host hear what is sent to it, this socket too: on unless set.
    void set_group_loop(bool on) { group_loop_ = on; }
    bool group_loop() const { return group_loop_; }
    // Of packets to groups: 1 unless set, so that they stay on the link (RFC 1112, section 6.1).
    void set_group_ttl(std::uint8_t ttl) { group_ttl_ = ttl; }
    std::uint8_t group_ttl() const { return group_ttl_; }
    // A socket bound to :: hears IPv6 alone. To be said before bind().
    void set_only_v6(bool on) { only_v6_ = on; }

  private:
    friend class Layer;
    Socket(Layer& layer, std::size_t queue_bytes) : layer_(layer), queue_(queue_bytes) {}
    bool listens(const IpAddress& group, const IpAddress& source, std::uint8_t zone) const;
    // A datagram of `size` bytes of payload, from an address of ours; counts it if it was taken.
    TransmitResult put(Instant now, const IpAddress& source, const Endpoint& remote,
                       std::span<const Bytes> pieces, std::size_t size);
    // `owner`, if any, keeps the payload where it is.
    bool enqueue(const Endpoint& source, const ip::Received& received, Bytes payload, BufferOwner* owner);
    void notify() {
        if (observer_) observer_->notify();
    }

    Layer& layer_;
    Endpoint local_;
    Endpoint remote_;
    RecordQueue queue_;
    std::size_t retained_ = 0;  // datagrams in the queue that lie in their frames
    SocketCounters counters_;
    Observer* observer_ = nullptr;
    std::optional<ErrorCode> error_;
    Responder* responder_ = nullptr;
    bool broadcast_ = false;
    bool group_loop_ = true;
    std::uint8_t group_zone_ = 0;
    bool only_v6_ = false;
    bool wants_space_ = false;  // the last send was refused because the device was full
    std::uint8_t ttl_ = 64;
    std::uint8_t group_ttl_ = 1;
    std::uint8_t traffic_class_ = 0;
    struct Group {
        IpAddress address;  // without a zone
        std::uint8_t zone = 0;
        std::unique_ptr<multicast::FilteringMember> filter;  // null: heard whoever sends
    };
    Group* find_group(const IpAddress& group, std::uint8_t zone);
    void drop_group(Group& group);
    // Joins the group with a filter; `joined`: as it was without one, and is no more.
    Result<> join_filtered(const IpAddress& address, std::uint8_t zone, Group* joined,
                           const multicast::SourceFilter& filter);
    std::array<Group, kMaximumGroups> groups_;
    std::size_t group_count_ = 0;
    Socket* next_ = nullptr;  // in the layer's bucket of the local port
};

}  // namespace holm::net::udp

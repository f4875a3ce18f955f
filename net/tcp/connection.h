#pragma once

// A TCP connection. The service holds it through Reference<Connection>; the Layer keeps it alive besides for
// as long as the protocol needs. None of these functions sends anything at once: Layer::transmit() does,
// after all the work of a batch is done, which is how acknowledgments ride on responses. Nothing here blocks;
// an Observer tells when to look again.

#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "base/intrusive_list.h"
#include "base/observer.h"
#include "base/pairing_heap.h"
#include "base/reference.h"
#include "base/result.h"
#include "net/ip/input.h"
#include "net/ip/output.h"
#include "net/tcp/path_search.h"
#include "net/tcp/receiver.h"
#include "net/tcp/segment.h"
#include "net/tcp/sender.h"
#include "net/tcp/state.h"
#include "net/tcp/table.h"

namespace holm::net::tcp {

class Layer;
class Listener;

struct PendingTag {};  // has something to send
struct QueueTag {};    // is in a queue of a listener, or waits for its end

class Connection final : public TableEntry,
                         public HeapNode,
                         public ListHook<PendingTag>,
                         public ListHook<QueueTag> {
  public:
    // Bytes that may be queued for sending in total, referenced ones included.
    static constexpr std::size_t kMaximumQueued = 1U << 30U;

    State state() const { return state_; }
    const Endpoint& local() const { return tuple.local; }
    const Endpoint& remote() const { return tuple.remote; }
    // Why the connection ended, if not in order: kConnectionRefused, kConnectionReset, kTimedOut,
    // kHostUnreachable, ….
    const std::optional<Error>& error() const { return error_; }
    bool is_connecting() const { return state_ == State::kSynSent || state_ == State::kSynReceived; }

    // --- receiving ---
    // The first received bytes that nobody has consumed, where they lie: valid until consume(). More may
    // follow behind them (readable_bytes() counts all), empty when there are none.
    Bytes readable() const { return receiver_.readable(); }
    std::size_t readable_bytes() const { return receiver_.readable_bytes(); }
    // Precondition: bytes <= readable_bytes().
    void consume(std::size_t bytes);
    // No byte will come any more: the peer has sent its FIN and all is consumed, or the connection is gone.
    bool end_of_stream() const;

    // --- sending ---
    // How many bytes send() would copy now.
    std::size_t send_space() const;
    // Bytes that send() copies at most; zero: as many as the path needs.
    void set_send_buffer(std::uint32_t bytes) { send_buffer_ = bytes; }
    std::size_t send_limit() const;
    // Copies bytes into the send buffer and returns how many: fewer than offered when it is full; the
    // observer hears when there is room again. Errors: kBrokenPipe after shutdown_send(), otherwise what
    // ended the connection.
    Result<std::size_t> send(Bytes bytes);
    // Queues bytes without copying. They must stay as they are until `owner` is released (null: for ever).
    // All or nothing: kWouldBlock when send_space() is zero or two windows, 4 MiB at least
    // (Configuration::max_send_buffer), are queued by reference: the observer hears when there is room again.
    // kNoBuffers when there is no memory for the reference, kTooLarge for more than 1 GiB.
    Result<> send_reference(Bytes bytes, BufferOwner* owner);
    // True when the peer has acknowledged everything.
    bool all_acknowledged() const { return sender_.all_acknowledged() && sender_.buffered() == 0; }
    std::size_t unacknowledged_bytes() const { return sender_.buffered(); }
    // The number of the first byte that the peer has not acknowledged, also when the connection is over.
    Seq unacknowledged_from() const { return sender_.data_begin(); }

    // --- ending ---
    // Sends a FIN after everything queued; receiving goes on.
    void shutdown_send();
    // The service is done with it: what is queued is still delivered, then the connection ends by itself. If
    // received bytes were not consumed the peer gets a reset (RFC 9293, section 3.6.1). Dropping the last
    // reference does the same.
    void close();
    // Ends it at once with a reset.
    void abort();

    // --- settings ---
    // Notified when bytes arrive, room opens after send() had too little, or the state changes. Null: nobody.
    void set_observer(Observer* observer) { observer_ = observer; }
    // Segments that are not full go at once (Nagle's algorithm off).
    void set_no_delay(bool on);
    // Probes a silent peer after `idle`, then each `interval`, and gives up after `probes` (zero: as
    // configured) without an answer; an idle time of zero turns it off.
    void set_keep_alive(Duration idle, Duration interval, std::uint8_t probes = 0);
    // How long sent data may stay unacknowledged.
    void set_user_timeout(Duration timeout);
    Duration user_timeout() const { return patience_; }
    void set_congestion(CongestionAlgorithm algorithm) { sender_.set_congestion(algorithm); }
    // Bytes of the receive buffer, that is, of the window. The scale was agreed in the handshake, so it
    // cannot grow beyond 65535 << scale.
    void set_receive_buffer(std::uint32_t bytes);

    // What IP puts into each packet: the time to live (64 unless set) and the traffic class, DSCP in its
    // upper six bits. The lower two are ECN's.
    void set_time_to_live(std::uint8_t hops) { time_to_live_ = hops; }
    void set_traffic_class(std::uint8_t traffic_class) { traffic_class_ = traffic_class & 0xfcU; }

    const Sender& sender() const { return sender_; }
    const Receiver& receiver() const { return receiver_; }

    // For Reference.
    void retain() { ++users_; }
    void release();

    // For PairingHeap: the timer that the layer has armed.
    bool before(const Connection& other) const { return armed_ < other.armed_; }

  private:
    friend class Layer;
    friend class Listener;

    Connection(Layer& layer, const FourTuple& tuple, const ip::Route& route);
    ~Connection();

    // --- connection_handshake.cpp ---
    void open(Instant now);
    void answer_syn(Instant now, const Segment& syn);
    void accept_cookie(Instant now, const Segment& ack, const Options& agreed, bool ecn);
    void learn_options(const Options& options, Instant now);
    void receive_in_syn_sent(Instant now, const Segment& segment);
    bool complete_handshake(Instant now, const Segment& segment);
    void establish(Instant now, const Segment& segment);
    std::uint32_t effective_mss() const { return mss_within(mtu_); }
    std::uint32_t mss_within(std::uint16_t mtu) const;
    // What we tell a peer to send: the MTU without fixed headers (RFC 9293, section 3.7.1).
    static std::uint16_t announced_mss(std::uint16_t mtu, const FourTuple& tuple);

    // --- connection_input.cpp: RFC 9293, section 3.10.7.4, one function a step; false: the segment is done
    // with ---
    void receive(Instant now, const Segment& segment);
    bool check_timestamp(Instant now, const Segment& segment);
    bool check_sequence(Instant now, const Segment& segment);
    bool check_reset(Instant now, const Segment& segment);
    bool check_syn(Instant now, const Segment& segment);
    bool check_acknowledgment(Instant now, const Segment& segment);
    void take_text(Instant now, const Segment& segment);
    void take_fin(Instant now);
    void take_congestion(const Segment& segment);
    void take_user_timeout(const Options& options);
    void note_timestamp(Instant now, const Segment& segment);
    void challenge(Instant now);
    bool on_icmp_error(Instant now, const ip::ErrorReport& report, Seq quoted);

    // --- connection_output.cpp ---
    // Sends what is due; false when the device is full.
    bool transmit(Instant now, ip::IpOutput& output);
    bool emit_syn(Instant now, ip::IpOutput& output);
    bool emit_data(Instant now, ip::IpOutput& output, Transmission transmission);
    bool emit_acknowledgment(Instant now, ip::IpOutput& output, Seq sequence);
    // `ect`: the packet may be marked instead of dropped (RFC 3168): new data only.
    bool emit(Instant now, ip::IpOutput& output, std::uint8_t flags, Seq sequence, Options& options,
              std::span<const Bytes> payload = {}, std::uint16_t segment_size = 0, bool ect = false);
    std::uint32_t burst() const;
    bool emit_path_probe(Instant now, ip::IpOutput& output);

    // --- connection_timers.cpp ---
    Instant deadline() const;
    void on_deadline(Instant now);
    Instant keep_alive_deadline() const;
    void suspect_black_hole(Instant now);
    std::uint32_t timestamp(Instant now) const;

    // --- connection.cpp ---
    void fail(Error error);
    Error likely_reason(Error otherwise) const { return soft_error_ != nullptr ? *soft_error_ : otherwise; }
    void notify() {
        if (observer_ != nullptr) observer_->notify();
    }
    void schedule();
    bool can_send() const;
    bool has_room_for_reference() const;
    bool is_alive() const { return state_ != State::kClosed && state_ != State::kTimeWait; }

    Layer& layer_;
    Observer* observer_ = nullptr;
    Listener* listener_ = nullptr;  // while half open, or not yet accepted
    Sender sender_;
    Receiver receiver_;
    std::optional<Error> error_;
    const Error* soft_error_ = nullptr;  // reported if the connection times out
    std::uint32_t users_ = 0;

    State state_ = State::kClosed;
    bool in_layer_ = false;  // in the table, owned by the layer
    bool detached_ = false;  // the service has closed it
    bool passive_ = false;   // opened by a listener
    bool waiting_ = false;   // established, in the listener's queue
    bool syn_due_ = false;
    bool syn_repeated_ = false;
    bool keep_alive_due_ = false;
    bool wants_room_ = false;        // send() took less than offered
    bool wants_reference_ = false;   // send_reference() found too many
    bool segmentation_ = false;      // the device cuts large segments
    bool timestamps_ = false;        // agreed on
    bool sack_ = false;              // agreed on
    bool window_scale_ = false;      // agreed on
    bool ecn_ = false;               // agreed on
    bool ecn_asked_ = false;         // by our SYN
    bool echo_congestion_ = false;   // ECE in each segment until the peer's CWR
    bool user_timeout_due_ = false;  // the next segment carries the option
    bool user_timeout_set_ = false;  // by the service: the peer does not change it
    std::uint8_t peer_scale_ = 0;
    std::uint8_t time_to_live_ = 64;
    std::uint8_t traffic_class_ = 0;
    std::uint8_t challenges_ = 0;         // challenge ACKs since challenge_epoch_
    std::uint8_t keep_alive_probes_ = 0;  // unanswered
    std::uint8_t keep_alive_most_ = 0;    // of them; zero: as configured
    bool orphan_ = false;                 // counted as one
    bool progress_ = false;               // new data was acknowledged since a segment last left
    std::uint32_t send_buffer_ = 0;
    PathSearch path_search_;
    std::uint16_t mtu_ = 1500;
    std::uint16_t peer_mss_ = 536;

    std::uint32_t timestamp_offset_ = 0;
    std::uint32_t timestamp_recent_ = 0;  // TS.Recent (RFC 7323)
    Instant timestamp_recent_at_;
    Instant challenge_epoch_;
    Instant last_heard_;
    Instant last_progress_;     // of what we send, for orphans
    Duration keep_alive_idle_;  // zero: off
    Duration keep_alive_interval_;
    Duration patience_;
    Instant armed_ = Instant::never();
};

}  // namespace holm::net::tcp

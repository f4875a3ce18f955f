#pragma once

// UDP: finds the socket that a datagram is for.

#include <array>
#include <cstdint>
#include <memory>

#include "base/instant.h"
#include "base/result.h"
#include "base/siphash.h"
#include "net/drop.h"
#include "net/ip/input.h"
#include "net/ip/output.h"
#include "net/udp/socket.h"

namespace holm::net::udp {

struct Configuration {
    std::size_t maximum_sockets = 256;
    std::size_t receive_queue_bytes = 256 * 1024;  // per socket, datagrams and 72 bytes for each of them
    std::size_t receive_queue_datagrams = 1024;    // per socket
};

class Layer {
  public:
    static constexpr std::uint16_t kFirstEphemeralPort = 49'152;  // IANA's dynamic range, to 65,535
    static constexpr std::size_t kMaximumPayload = ip::kMaximumTransport - 8;

    Layer(ip::IpOutput& output, ip::Groups& groups, const Configuration& configuration, const SipHashKey& key,
          Counters& counters)
        : output_(output),
          groups_(groups),
          configuration_(configuration),
          random_(key),
          counters_(counters) {}
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;

    // Errors: kTooManyOpen, kOutOfMemory.
    Result<std::unique_ptr<Socket>> open();

    enum class Verdict : std::uint8_t { kHandled, kPortUnreachable };
    // A responder's datagrams stay where they are until answer().
    Verdict receive(Instant now, const ip::Received& received, Bytes datagram);
    // Sends what responders say to the datagrams that have come since the last time.
    void answer(Instant now);
    // True if the error is about something that a socket of ours may have sent.
    bool report(const ip::ErrorReport& error);
    // The device has room again: tells the sockets that were refused.
    void resume();

  private:
    friend class Socket;
    static constexpr std::size_t kBuckets = 64;
    // What a frame must bring for its datagrams to stay in it: below, copying costs less than another buffer.
    static constexpr std::size_t kRetainFrom = 8192;

    Socket*& bucket(std::uint16_t port) { return buckets_[port % kBuckets]; }
    Socket* find(const Endpoint& local, const Endpoint& remote);
    bool in_use(const Endpoint& local, bool only_v6);
    std::uint16_t choose_port(const IpAddress& address, bool only_v6);
    void insert(Socket& socket);
    void remove(Socket& socket);
    bool hand_to_group(const ip::Received& received, const Endpoint& local, const Endpoint& remote,
                       Bytes payload);
    void ask(Instant now, Socket& socket, const ip::Received& received, const Endpoint& remote,
             Bytes payload);
    // `owner`: of the frame, if its payload is worth keeping where it is.
    bool hand_over(Instant now, const ip::Received& received, const Endpoint& local, const Endpoint& remote,
                   Bytes payload, BufferOwner* owner);

    ip::IpOutput& output_;
    ip::Groups& groups_;
    Configuration configuration_;
    KeyedRandom random_;
    Counters& counters_;
    std::array<Socket*, kBuckets> buckets_{};
    std::size_t open_ = 0;
    bool someone_waits_ = false;
    // Datagrams that a responder has to answer yet, all of one socket.
    struct Question {
        Endpoint remote;
        IpAddress local;
    };
    std::array<Question, Responder::kMostAtOnce> questions_;
    std::array<Bytes, Responder::kMostAtOnce> question_payloads_;
    std::size_t question_count_ = 0;
    Socket* asked_ = nullptr;
};

}  // namespace holm::net::udp

#include "net/udp/layer.h"

#include <algorithm>
#include <new>

#include "base/network_order.h"
#include "net/ip/pseudo_header.h"
#include "net/wire/layout.h"
#include "net/wire/udp.h"

namespace holm::net::udp {

Result<std::unique_ptr<Socket>> Layer::open() {
    if (open_ == configuration_.maximum_sockets) return fail(ErrorCode::kTooManyOpen, "too many UDP sockets");
    std::unique_ptr<Socket> socket(new (std::nothrow) Socket(*this, configuration_.receive_queue_bytes));
    if (!socket) return fail(ErrorCode::kOutOfMemory, "no memory for a UDP socket");
    ++open_;
    return socket;
}

void Layer::insert(Socket& socket) {
    Socket*& first = bucket(socket.local_.port);
    socket.next_ = first;
    first = &socket;
}

void Layer::remove(Socket& socket) {
    --open_;
    if (asked_ == &socket) question_count_ = 0;
    if (!socket.is_bound()) return;
    Socket** link = &bucket(socket.local_.port);
    while (*link != &socket) link = &(*link)->next_;
    *link = socket.next_;
}

bool Layer::in_use(const Endpoint& local, bool only_v6) {
    for (const Socket* socket = bucket(local.port); socket; socket = socket->next_) {
        if (socket->local_.port == local.port &&
            overlap(socket->local_.address, socket->only_v6_, local.address, only_v6))
            return true;
    }
    return false;
}

// RFC 6056, algorithm 1: a random start, then upwards until one is free.
std::uint16_t Layer::choose_port(const IpAddress& address, bool only_v6) {
    constexpr std::uint32_t kPorts = 65'536 - kFirstEphemeralPort;
    const auto start = std::uint32_t(random_.below(kPorts));
    for (std::uint32_t i = 0; i < kPorts; ++i) {
        const auto port = std::uint16_t(kFirstEphemeralPort + (start + i) % kPorts);
        if (!in_use({address, port}, only_v6)) return port;
    }
    return 0;
}

// The best match: connected to exactly this remote, then bound to this address, then bound to all.
Socket* Layer::find(const Endpoint& local, const Endpoint& remote) {
    Socket* best = nullptr;
    int best_score = -1;
    for (Socket* socket = bucket(local.port); socket; socket = socket->next_) {
        if (socket->local_.port != local.port) continue;
        if (!hears(socket->local_.address, socket->only_v6_, local.address)) continue;
        int score = socket->local_.address.is_unspecified() ? 0 : 1;
        if (socket->is_connected()) {
            if (socket->remote_ != remote) continue;
            score += 2;
        }
        if (score > best_score) {
            best = socket;
            best_score = score;
        }
    }
    return best;
}

Layer::Verdict Layer::receive(Instant now, const ip::Received& received, Bytes datagram) {
    const auto header = wire::UdpHeader::parse(datagram);
    if (!header) {
        counters_.count(header.error());
        return Verdict::kHandled;
    }
    datagram = datagram.first(header->length);
    // IPv6 has no other checksum that would cover the addresses (RFC 8200, section 8.1).
    if (!header->has_checksum && !received.destination.is_v4()) {
        counters_.count(Drop::kBadChecksum);
        return Verdict::kHandled;
    }
    if (header->has_checksum && !received.checksum_verified &&
        !ip::pseudo_header(received.source, received.destination, ip::Protocol::kUdp, datagram.size())
             .add(datagram)
             .is_correct()) {
        counters_.count(Drop::kBadChecksum);
        return Verdict::kHandled;
    }
    const Endpoint local{received.destination, header->destination_port};
    const Endpoint remote{received.source, header->source_port};
    Bytes payload = datagram.subspan(wire::UdpHeader::kSize);
    BufferOwner* const owner = payload.size() >= kRetainFrom ? received.owner : nullptr;
    // Datagrams that the device coalesced (one sender, one size but for the last) come apart again here.
    while (received.segment_size != 0 && payload.size() > received.segment_size) {
        if (!hand_over(now, received, local, remote, payload.first(received.segment_size), owner))
            return Verdict::kPortUnreachable;
        payload = payload.subspan(received.segment_size);
    }
    return hand_over(now, received, local, remote, payload, owner) ? Verdict::kHandled
                                                                   : Verdict::kPortUnreachable;
}

bool Layer::hand_over(Instant now, const ip::Received& received, const Endpoint& local,
                      const Endpoint& remote, Bytes payload, BufferOwner* owner) {
    if (received.to_group) return hand_to_group(received, local, remote, payload);
    Socket* socket = find(local, remote);
    if (!socket) {
        counters_.count(Drop::kNoSocket);
        return false;
    }
    if (socket->responder_) {
        ask(now, *socket, received, remote, payload);
        return true;
    }
    if (!socket->enqueue(remote, received, payload, owner)) counters_.count(Drop::kQueueFull);
    socket->notify();
    return true;
}

void Layer::ask(Instant now, Socket& socket, const ip::Received& received, const Endpoint& remote,
                Bytes payload) {
    ++socket.counters_.received;
    if (asked_ != &socket || question_count_ == questions_.size()) answer(now);
    asked_ = &socket;
    questions_[question_count_] = {remote, received.destination};
    question_payloads_[question_count_++] = payload;
    // The next fragment may take the place of these.
    if (received.reassembled) answer(now);
}

// The source is known to be ours and the way back is looked for when the answer is sent: nothing of what
// Socket::send_from() asks before has to be asked again.
void Layer::answer(Instant now) {
    if (question_count_ == 0) return;
    const std::size_t count = std::exchange(question_count_, 0);
    Responder& responder = *asked_->responder_;
    responder.look_ahead(std::span(question_payloads_).first(count));
    for (std::size_t i = 0; i < count; ++i) {
        const Question& question = questions_[i];
        const Bytes answer = responder.respond(now, i, question.remote, question.local);
        if (!answer.empty())
            (void)asked_->put(now, question.local, question.remote, {&answer, 1}, answer.size());
    }
}

// Every socket that listens gets a copy. One that is bound to an address of ours hears no broadcast and no
// group, as on Linux.
bool Layer::hand_to_group(const ip::Received& received, const Endpoint& local, const Endpoint& remote,
                          Bytes payload) {
    bool heard = false;
    for (Socket* socket = bucket(local.port); socket; socket = socket->next_) {
        // A responder answers those who ask it, not groups.
        if (socket->local_.port != local.port || socket->responder_ ||
            !hears(socket->local_.address, socket->only_v6_, local.address) ||
            (socket->is_connected() && socket->remote_ != remote) ||
            (local.address.is_multicast() && !socket->listens(local.address, remote.address, received.zone)))
            continue;
        heard = true;
        if (!socket->enqueue(remote, received, payload, nullptr)) counters_.count(Drop::kQueueFull);
        socket->notify();
    }
    if (!heard) counters_.count(Drop::kNoSocket);
    return heard;
}

bool Layer::report(const ip::ErrorReport& error) {
    struct Ports {
        NetU16 source, destination;
    };
    const auto ports = wire::load<Ports>(error.transport);
    const Endpoint remote{error.destination, ports.destination};
    Socket* socket = find({error.source, ports.source}, remote);
    // RFC 1122, 4.1.3.3; unconnected sockets cannot tell whose it is.
    if (!socket || socket->remote_ != remote) return socket != nullptr;
    switch (error.kind) {
        case ip::ErrorKind::kPortUnreachable:
        case ip::ErrorKind::kProtocolUnreachable:
            socket->error_ = ErrorCode::kConnectionRefused;
            break;
        case ip::ErrorKind::kNetworkUnreachable:
            socket->error_ = ErrorCode::kNetworkUnreachable;
            break;
        case ip::ErrorKind::kHostUnreachable:
        case ip::ErrorKind::kTimeExceeded:
            socket->error_ = ErrorCode::kHostUnreachable;
            break;
        case ip::ErrorKind::kProhibited:
            socket->error_ = ErrorCode::kAccess;
            break;
        case ip::ErrorKind::kPacketTooBig:  // datagrams are fragmented here or there
        case ip::ErrorKind::kParameterProblem:
            return true;
    }
    socket->notify();
    return true;
}

void Layer::resume() {
    if (!someone_waits_) return;
    someone_waits_ = false;
    for (Socket* socket : buckets_)
        for (; socket; socket = socket->next_)
            if (std::exchange(socket->wants_space_, false)) socket->notify();
}

}  // namespace holm::net::udp

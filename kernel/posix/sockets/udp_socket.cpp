// SOCK_DGRAM.

#include <algorithm>
#include <memory>

#include <string.h>

#include "kernel/network/network.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/task/executor.h"
#include "net/udp/socket.h"

namespace holm::posix {
namespace {

class UdpSocketFile final : public SocketFile {
  public:
    UdpSocketFile(int flags, std::unique_ptr<net::udp::Socket> socket)
        : SocketFile(flags), socket_(std::move(socket)) {
        socket_->set_observer(this);
    }

    int type() const override { return SOCK_DGRAM; }

    Outcome bind(const net::Endpoint& local) override { return outcome(socket_->bind(local)); }
    Outcome connect(const net::Endpoint& remote) override { return outcome(socket_->connect(remote)); }

    Outcome send(std::span<const Bytes> pieces, const net::Endpoint* destination) override {
        if (destination == nullptr && !socket_->is_connected()) return -EDESTADDRREQ;
        const net::Endpoint& remote = destination != nullptr ? *destination : socket_->remote();
        const Result<> sent = socket_->send_to(executor().now(), remote, pieces);
        if (!sent) return outcome_of(sent.error());
        std::size_t total = 0;
        for (const Bytes& piece : pieces) total += piece.size();
        return static_cast<Outcome>(total);
    }

    Outcome receive(MutableBytes room, int flags, net::Endpoint& source, bool& truncated) override {
        const std::optional<net::udp::Datagram> datagram = socket_->front();
        if (!datagram) {
            const int error = take_error();
            return error != 0 ? -error : -EAGAIN;
        }
        source = datagram->source;
        const std::size_t size = datagram->payload.size();
        const std::size_t count = std::min(size, room.size());
        if (count > 0) memcpy(room.data(), datagram->payload.data(), count);
        truncated = count < size;
        if ((flags & MSG_PEEK) == 0) socket_->pop();
        return static_cast<Outcome>((flags & MSG_TRUNC) != 0 ? size : count);
    }

    // Writing may fail when the device is full; then the observer tells.
    short ready() const override {
        return static_cast<short>(POLLOUT | POLLWRNORM | (socket_->readable() ? POLLIN | POLLRDNORM : 0));
    }

    net::Endpoint local() const override { return socket_->local(); }
    Result<net::Endpoint> remote() const override {
        if (!socket_->is_connected()) return fail(ErrorCode::kNotConnected);
        return socket_->remote();
    }
    int take_error() override {
        const std::optional<ErrorCode> error = socket_->take_error();
        return error ? static_cast<int>(*error) : 0;
    }

    Outcome set_option(int level, int name, int value) override {
        if (level != SOL_SOCKET || name != SO_BROADCAST) return -ENOPROTOOPT;
        socket_->allow_broadcast(value != 0);
        return 0;
    }

  private:
    static Outcome outcome(const Result<>& result) { return result ? 0 : outcome_of(result.error()); }

    std::unique_ptr<net::udp::Socket> socket_;
};

}  // namespace

Outcome open_udp(int flags, SocketFile*& result) {
    auto socket = network().stack().udp().open();
    if (!socket) return outcome_of(socket.error());
    result = new UdpSocketFile(flags, *std::move(socket));
    return result != nullptr ? 0 : -ENOMEM;
}

}  // namespace holm::posix

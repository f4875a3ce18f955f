// SOCK_DGRAM.

#include <algorithm>
#include <memory>

#include <netinet/in.h>
#include <string.h>

#include "kernel/network/network.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/task/executor.h"
#include "net/udp/socket.h"

namespace holm::posix {
namespace {

class UdpSocketFile final : public SocketFile {
  public:
    UdpSocketFile(int family, int flags, std::unique_ptr<net::udp::Socket> socket)
        : SocketFile(flags), family_(family), socket_(std::move(socket)) {
        socket_->set_observer(this);
    }

    int type() const override { return SOCK_DGRAM; }
    int family() const override { return family_; }
    bool only_v6() const override { return only_v6_; }

    Outcome bind(const net::Endpoint& local) override { return outcome(socket_->bind(local)); }
    Outcome connect(const net::Endpoint& remote) override {
        if (only_v6_ && remote.address.is_v4()) return -ENETUNREACH;
        if (const Outcome taken = take_port(); taken < 0) return taken;
        return outcome(socket_->connect(remote));
    }

    Outcome send(std::span<const Bytes> pieces, const net::Endpoint* destination) override {
        if (destination == nullptr && !socket_->is_connected()) return -EDESTADDRREQ;
        const net::Endpoint& remote = destination != nullptr ? *destination : socket_->remote();
        if (only_v6_ && remote.address.is_v4()) return -ENETUNREACH;
        if (const Outcome taken = take_port(); taken < 0) return taken;
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
        if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && family_ == AF_INET6) {
            if (socket_->is_bound()) return -EINVAL;
            only_v6_ = value != 0;
            socket_->set_only_v6(only_v6_);
            return 0;
        }
        if (level == SOL_SOCKET && name == SO_BROADCAST) {
            socket_->allow_broadcast(value != 0);
            return 0;
        }
        const bool v4 = level == IPPROTO_IP, v6 = level == IPPROTO_IPV6 && family_ == AF_INET6;
        if ((v4 && name == IP_TOS) || (v6 && name == IPV6_TCLASS)) {
            if (value < 0 || value > 255) return -EINVAL;
            socket_->set_traffic_class(static_cast<std::uint8_t>(value));
            return 0;
        }
        const bool to_hosts = (v4 && name == IP_TTL) || (v6 && name == IPV6_UNICAST_HOPS);
        const bool to_groups = (v4 && name == IP_MULTICAST_TTL) || (v6 && name == IPV6_MULTICAST_HOPS);
        if (to_hosts || to_groups) {
            if (value == -1) value = to_hosts ? 64 : 1;  // the default
            if (value < (to_hosts ? 1 : 0) || value > 255) return -EINVAL;
            const auto hops = static_cast<std::uint8_t>(value);
            to_hosts ? socket_->set_ttl(hops) : socket_->set_group_ttl(hops);
            return 0;
        }
        // Packets to groups do not come back to this host.
        if (((v4 && name == IP_MULTICAST_LOOP) || (v6 && name == IPV6_MULTICAST_LOOP)) && value == 0)
            return 0;
        return -ENOPROTOOPT;
    }

    Outcome set_membership(const net::IpAddress& group, std::uint8_t zone, bool join) override {
        return outcome(join ? socket_->join(group, zone) : socket_->leave(group, zone));
    }

  private:
    static Outcome outcome(const Result<>& result) { return result ? 0 : outcome_of(result.error()); }

    // A socket of AF_INET that was not bound hears IPv4 alone.
    Outcome take_port() {
        if (family_ != AF_INET || socket_->is_bound()) return 0;
        return outcome(socket_->bind({net::IpAddress::any_v4(), 0}));
    }

    int family_;
    bool only_v6_ = false;

    std::unique_ptr<net::udp::Socket> socket_;
};

}  // namespace

Outcome open_udp(int family, int flags, SocketFile*& result) {
    auto socket = network().stack().udp().open();
    if (!socket) return outcome_of(socket.error());
    result = new UdpSocketFile(family, flags, *std::move(socket));
    return result != nullptr ? 0 : -ENOMEM;
}

}  // namespace holm::posix

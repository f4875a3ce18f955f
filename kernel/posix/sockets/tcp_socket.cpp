// SOCK_STREAM: first nothing but an address, then a listener or a connection.

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/reference.h"
#include "kernel/network/network.h"
#include "kernel/posix/sockets/ip_options.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/posix/sockets/tcp_options.h"
#include "kernel/task/executor.h"
#include "net/tcp/connection.h"
#include "net/tcp/layer.h"
#include "net/tcp/listener.h"

namespace holm::posix {
namespace {

using net::tcp::Connection;
using net::tcp::Listener;

class TcpSocket final : public SocketFile {
  public:
    TcpSocket(int family, int flags, Reference<Connection> connection = {})
        : SocketFile(flags), family_(family) {
        if (family == AF_INET) bound_.address = net::IpAddress::any_v4();
        if (connection) adopt(std::move(connection));
    }

    ~TcpSocket() override {
        if (listener_) {
            listener_->set_observer(nullptr);
            listener_->close();
        }
        if (connection_) {
            connection_->set_observer(nullptr);
            if (abort_on_close_) {
                connection_->abort();
            } else {
                connection_->close();
            }
        }
    }

    int type() const override { return SOCK_STREAM; }
    int family() const override { return family_; }
    bool only_v6() const override { return only_v6_; }
    bool is_listening() const override { return bool(listener_); }

    // The address is taken when the socket listens or connects.
    Outcome bind(const net::Endpoint& local) override {
        if (listener_ || connection_ || bound_.port != 0) return -EINVAL;
        if (only_v6_ && local.address.is_v4()) return -EINVAL;
        if (!local.address.is_unspecified() && !network().stack().ip().is_own(local.address))
            return -EADDRNOTAVAIL;
        bound_ = local;
        return 0;
    }

    Outcome listen(int backlog) override {
        if (connection_) return -EINVAL;
        if (listener_) return 0;
        const auto length = static_cast<std::uint16_t>(std::clamp<int>(backlog, 1, Network::kBacklog));
        auto listener = network().stack().tcp().listen(bound_, length, only_v6_);
        if (!listener) return outcome_of(listener.error());
        listener_ = *std::move(listener);
        listener_->set_observer(this);
        return 0;
    }

    Outcome accept(int flags, FileReference& result) override {
        if (!listener_) return -EINVAL;
        Reference<Connection> connection = listener_->accept();
        if (!connection) return -EAGAIN;
        result = FileReference(new TcpSocket(family_, flags, std::move(connection)));
        return result ? 0 : -ENOMEM;
    }

    Outcome connect(const net::Endpoint& remote) override {
        if (listener_) return -EOPNOTSUPP;
        if (connection_) return connection_->is_connecting() ? -EALREADY : -EISCONN;
        if (only_v6_ && remote.address.is_v4()) return -ENETUNREACH;
        // Bound to all addresses is bound to none: the stack chooses, of the peer's family.
        net::Endpoint local = bound_;
        if (local.address.is_unspecified()) local.address = {};
        auto connection = network().stack().tcp().connect(executor().now(), remote, local);
        if (!connection) return outcome_of(connection.error());
        adopt(*std::move(connection));
        return -EINPROGRESS;
    }
    Outcome connect_result() override { return -take_error(); }

    Outcome shut_down(int how) override {
        if (!connection_) return -ENOTCONN;
        if (how != SHUT_WR) reading_ended_ = true;
        if (how != SHUT_RD) connection_->shutdown_send();
        return 0;
    }

    Outcome send(std::span<const Bytes> pieces, const Departure&) override {
        if (!connection_) return -ENOTCONN;
        if (connection_->is_connecting()) return -EAGAIN;
        Outcome total = 0;
        for (const Bytes& piece : pieces) {
            const Result<std::size_t> sent = connection_->send(piece);
            if (!sent) return total > 0 ? total : outcome_of(sent.error());
            total += static_cast<Outcome>(*sent);
            if (*sent < piece.size()) return total > 0 ? total : -EAGAIN;
        }
        // An offer that finds no room is what makes the stack tell when there is some again.
        if (connection_->send_space() == 0)
            (void)connection_->send(pieces.front().first(pieces.front().empty() ? 0 : 1));
        return total;
    }

    Outcome receive(MutableBytes room, int flags, Arrival& arrival) override {
        if (!connection_) return -ENOTCONN;
        arrival.source = connection_->remote();
        std::size_t total = 0;
        while (total < room.size() && connection_->readable_bytes() > 0) {
            const Bytes bytes = connection_->readable();
            const std::size_t count = std::min(bytes.size(), room.size() - total);
            memcpy(room.data() + total, bytes.data(), count);
            total += count;
            if ((flags & MSG_PEEK) != 0) break;  // what lies behind the first piece cannot be seen yet
            connection_->consume(count);
        }
        if (total > 0 || room.empty()) return static_cast<Outcome>(total);
        if (connection_->is_connecting()) return -EAGAIN;
        if (const int error = take_error(); error != 0) return -error;
        return reading_ended_ || connection_->end_of_stream() ? 0 : -EAGAIN;
    }

    short ready() const override {
        if (listener_) return listener_->has_waiting() ? POLLIN | POLLRDNORM : 0;
        if (!connection_) return POLLOUT | POLLHUP;
        if (connection_->is_connecting()) return 0;
        const bool ended = reading_ended_ || connection_->end_of_stream();
        int events = 0;
        if (connection_->readable_bytes() > 0 || ended) events |= POLLIN | POLLRDNORM;
        if (ended) events |= POLLRDHUP;
        if (connection_->state() == net::tcp::State::kClosed) {
            events |= POLLIN | POLLOUT | POLLHUP | (connection_->error() && !error_taken_ ? POLLERR : 0);
        } else if (connection_->send_space() > 0) {
            events |= POLLOUT | POLLWRNORM;
        }
        return static_cast<short>(events);
    }

    net::Endpoint local() const override {
        return connection_ ? connection_->local() : listener_ ? listener_->local() : bound_;
    }
    Result<net::Endpoint> remote() const override {
        if (!connection_ || connection_->is_connecting()) return fail(ErrorCode::kNotConnected);
        return connection_->remote();
    }

    int take_error() override {
        if (!connection_ || !connection_->error() || error_taken_) return 0;
        error_taken_ = true;
        return static_cast<int>(connection_->error()->code);
    }

    // What is set before there is a connection is set on it later.
    Outcome set_option(int level, int name, int value) override {
        if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && family_ == AF_INET6) {
            if (bound_.port != 0 || listener_ || connection_) return -EINVAL;
            only_v6_ = value != 0;
        } else if (level == IPPROTO_TCP && name == TCP_NODELAY) {
            no_delay_ = value != 0;
        } else if (level == SOL_SOCKET && name == SO_KEEPALIVE) {
            keep_alive_ = value != 0;
        } else if (level == IPPROTO_TCP && (name == TCP_KEEPIDLE || name == TCP_KEEPINTVL)) {
            if (value <= 0) return -EINVAL;
            (name == TCP_KEEPIDLE ? keep_alive_idle_ : keep_alive_interval_) = Duration::seconds(value);
        } else if (level == SOL_SOCKET && name == SO_LINGER) {
            abort_on_close_ = value == 0;
        } else if (level == SOL_SOCKET && name == SO_RCVBUF) {
            if (value <= 0) return -EINVAL;
            receive_buffer_ = static_cast<std::uint32_t>(value);
        } else if (const Outcome ip = ip_.set(family_, level, name, value); ip != -ENOPROTOOPT) {
            if (ip != 0) return ip;
        } else if (const Outcome outcome = options_.set(level, name, value); outcome != 0) {
            return outcome;
        }
        if (connection_) apply_options();
        return 0;
    }

    Outcome set_option(int, int, Bytes value) override {
        const Outcome outcome = options_.set_congestion(value);
        if (outcome == 0 && connection_) apply_options();
        return outcome;
    }

    Outcome get_option(int level, int name, MutableBytes room) override {
        const auto number = [&](int value) -> Outcome {
            if (room.size() < sizeof(value)) return -EINVAL;
            memcpy(room.data(), &value, sizeof(value));
            return sizeof(value);
        };
        if (level == IPPROTO_TCP && name == TCP_NODELAY) return number(no_delay_);
        if (level == SOL_SOCKET && name == SO_KEEPALIVE) return number(keep_alive_);
        if (level == IPPROTO_TCP && name == TCP_KEEPIDLE) return number(int(keep_alive_idle_.as_seconds()));
        if (level == IPPROTO_TCP && name == TCP_KEEPINTVL)
            return number(int(keep_alive_interval_.as_seconds()));
        if (const auto value = ip_.get(family_, level, name)) return number(*value);
        return options_.get(level, name, connection_.get(), room);
    }

  private:
    void adopt(Reference<Connection> connection) {
        connection_ = std::move(connection);
        connection_->set_observer(this);
        apply_options();
    }

    void apply_options() {
        connection_->set_no_delay(no_delay_);
        connection_->set_keep_alive(keep_alive_ ? keep_alive_idle_ : Duration(), keep_alive_interval_,
                                    options_.keep_alive_probes());
        options_.apply(*connection_);
        connection_->set_time_to_live(ip_.hops());
        connection_->set_traffic_class(ip_.traffic_class());
        if (receive_buffer_ != 0) connection_->set_receive_buffer(receive_buffer_);
    }

    int family_;
    net::Endpoint bound_;
    Reference<Listener> listener_;
    Reference<Connection> connection_;
    bool only_v6_ = false;
    bool reading_ended_ = false;
    bool error_taken_ = false;
    bool abort_on_close_ = false;
    bool no_delay_ = false;
    TcpOptions options_;
    IpOptions ip_;
    bool keep_alive_ = false;
    std::uint32_t receive_buffer_ = 0;                    // the stack's choice
    Duration keep_alive_idle_ = Duration::seconds(7200);  // RFC 9293, section 3.8.4
    Duration keep_alive_interval_ = Duration::seconds(75);
};

}  // namespace

SocketFile* open_tcp(int family, int flags) {
    return new TcpSocket(family, flags);
}

}  // namespace holm::posix

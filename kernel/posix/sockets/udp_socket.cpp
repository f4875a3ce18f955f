// SOCK_DGRAM.

#include <algorithm>
#include <memory>

#include <netinet/in.h>
#include <string.h>

#include "kernel/network/network.h"
#include "kernel/posix/sockets/ip_options.h"
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

    Outcome bind(const net::Endpoint& local) override {
        if (only_v6_ && local.address.is_v4()) return -EINVAL;
        return outcome(socket_->bind(local));
    }
    Outcome connect(const net::Endpoint& remote) override {
        if (only_v6_ && remote.address.is_v4()) return -ENETUNREACH;
        if (const Outcome taken = take_port(); taken < 0) return taken;
        return outcome(socket_->connect(remote));
    }

    Outcome send(std::span<const Bytes> pieces, const Departure& departure) override {
        if (departure.destination == nullptr && !socket_->is_connected()) return -EDESTADDRREQ;
        net::Endpoint remote = departure.destination != nullptr ? *departure.destination : socket_->remote();
        if (only_v6_ && remote.address.is_v4()) return -ENETUNREACH;
        if (const Outcome taken = take_port(); taken < 0) return taken;
        if (departure.zone != 0 && remote.address.needs_zone())
            remote.address = remote.address.with_zone(departure.zone);
        const Result<> sent = send_once(remote, pieces, departure);
        if (!sent) return outcome_of(sent.error());
        std::size_t total = 0;
        for (const Bytes& piece : pieces) total += piece.size();
        return static_cast<Outcome>(total);
    }

    Outcome receive(MutableBytes room, int flags, Arrival& arrival) override {
        const std::optional<net::udp::Datagram> datagram = socket_->front();
        if (!datagram) {
            const int error = take_error();
            return error != 0 ? -error : -EAGAIN;
        }
        const std::size_t size = datagram->payload.size();
        const std::size_t count = std::min(size, room.size());
        if (count > 0) memcpy(room.data(), datagram->payload.data(), count);
        arrival = {.source = datagram->source,
                   .truncated = count < size,
                   .wanted = wanted_,
                   .destination = datagram->destination,
                   .zone = datagram->zone,
                   .hops = datagram->ttl,
                   .traffic_class = datagram->traffic_class};
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
        if (const Outcome set = ip_.set(family_, level, name, value); set != -ENOPROTOOPT) {
            socket_->set_ttl(ip_.hops());
            socket_->set_traffic_class(ip_.traffic_class());
            return set;
        }
        switch (which(level, name)) {
            case Option::kGroupHops:
                if (value == -1) value = 1;
                if (value < 0 || value > 255) return -EINVAL;
                socket_->set_group_ttl(static_cast<std::uint8_t>(value));
                return 0;
            case Option::kGroupLoop:
                if (value != 0 && value != 1) return -EINVAL;
                socket_->set_group_loop(value != 0);
                return 0;
            case Option::kGroupInterface:
                if (value < 0 || static_cast<std::size_t>(value) > network().stack().interfaces().size())
                    return -ENODEV;
                socket_->set_group_zone(static_cast<std::uint8_t>(value));
                return 0;
            case Option::kTellDestination:
                wanted_.destination = value != 0;
                return 0;
            case Option::kTellHops:
                wanted_.hops = value != 0;
                return 0;
            case Option::kTellTrafficClass:
                wanted_.traffic_class = value != 0;
                return 0;
            case Option::kOther:
                break;
        }
        return -ENOPROTOOPT;
    }

    Outcome get_option(int level, int name, MutableBytes room) override {
        std::optional<int> value = ip_.get(family_, level, name);
        switch (which(level, name)) {
            case Option::kGroupHops:
                value = socket_->group_ttl();
                break;
            case Option::kGroupLoop:
                value = socket_->group_loop();
                break;
            case Option::kGroupInterface:
                value = socket_->group_zone();
                // IPv4 has an address where IPv6 has a number.
                if (level == IPPROTO_IP) value = static_cast<int>(group_interface_v4());
                break;
            case Option::kTellDestination:
                value = wanted_.destination;
                break;
            case Option::kTellHops:
                value = wanted_.hops;
                break;
            case Option::kTellTrafficClass:
                value = wanted_.traffic_class;
                break;
            case Option::kOther:
                break;
        }
        if (!value) return -ENOPROTOOPT;
        if (room.size() < sizeof(*value)) return -EINVAL;
        memcpy(room.data(), &*value, sizeof(*value));
        return sizeof(*value);
    }

    // The errors are those of Linux, where it has others than the stack.
    Outcome set_membership(const GroupRequest& request) override {
        using What = GroupRequest::What;
        using enum net::udp::Socket::Sources;
        const bool include = request.what == What::kJoinSource || request.what == What::kLeaveSource;
        Result<> done;
        switch (request.what) {
            case What::kJoin:
                done = socket_->join(request.group, request.zone);
                break;
            case What::kLeave:
                done = socket_->leave(request.group, request.zone);
                break;
            case What::kJoinSource:
            case What::kBlock:
                done = socket_->add_source(include ? kInclude : kExclude, request.group, request.source,
                                           request.zone);
                break;
            case What::kLeaveSource:
            case What::kUnblock:
                done = socket_->remove_source(include ? kInclude : kExclude, request.group, request.source,
                                              request.zone);
                break;
        }
        if (done) return 0;
        if (done.error().code == ErrorCode::kAlready)
            return request.what == What::kJoin ? -EADDRINUSE : -EADDRNOTAVAIL;
        return outcome_of(done.error());
    }
    Outcome set_sources(const GroupRequest& request, bool include,
                        std::span<const net::IpAddress> sources) override {
        using enum net::udp::Socket::Sources;
        const auto done =
            socket_->set_sources(include ? kInclude : kExclude, request.group, sources, request.zone);
        return done ? 0 : outcome_of(done.error());
    }
    Outcome sources_of(const GroupRequest& request, net::multicast::SourceFilter& filter) override {
        const auto found = socket_->sources_of(request.group, request.zone);
        if (!found) return outcome_of(found.error());
        filter = *found;
        return 0;
    }

  private:
    enum class Option : std::uint8_t {
        kOther,
        kGroupHops,
        kGroupLoop,
        kGroupInterface,
        kTellDestination,
        kTellHops,
        kTellTrafficClass,
    };
    // The same things have two names.
    Option which(int level, int name) const {
        static constexpr struct {
            Option option;
            int v4, v6;
        } kNames[] = {
            {Option::kGroupHops, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS},
            {Option::kGroupLoop, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP},
            {Option::kGroupInterface, IP_MULTICAST_IF, IPV6_MULTICAST_IF},
            {Option::kTellDestination, IP_PKTINFO, IPV6_RECVPKTINFO},
            {Option::kTellHops, IP_RECVTTL, IPV6_RECVHOPLIMIT},
            {Option::kTellTrafficClass, IP_RECVTOS, IPV6_RECVTCLASS},
        };
        for (const auto& names : kNames) {
            if (level == IPPROTO_IP && name == names.v4) return names.option;
            if (level == IPPROTO_IPV6 && family_ == AF_INET6 && name == names.v6) return names.option;
        }
        return Option::kOther;
    }

    // In network order.
    std::uint32_t group_interface_v4() const {
        std::uint32_t bytes = 0;
        if (socket_->group_zone() != 0) {
            const net::IpAddress own = network().stack().interfaces()[socket_->group_zone() - 1u]->address();
            memcpy(&bytes, own.bytes().data() + 12, sizeof(bytes));
        }
        return bytes;
    }

    // What a message brings along holds for that message.
    Result<> send_once(const net::Endpoint& remote, std::span<const Bytes> pieces,
                       const Departure& departure) {
        const Instant now = executor().now();
        net::IpAddress source = departure.source;
        if (source.is_unspecified() && !socket_->local().address.is_unspecified())
            source = socket_->local().address;
        if (source.is_unspecified()) source = {};
        const std::uint8_t ttl = socket_->ttl(), group_ttl = socket_->group_ttl(),
                           traffic_class = socket_->traffic_class(), zone = socket_->group_zone();
        socket_->set_ttl(departure.hops.value_or(ttl));
        socket_->set_group_ttl(departure.hops.value_or(group_ttl));
        socket_->set_traffic_class(departure.traffic_class.value_or(traffic_class));
        socket_->set_group_zone(departure.zone != 0 ? departure.zone : zone);
        const Result<> sent = socket_->send_from(now, source, remote, pieces);
        socket_->set_ttl(ttl);
        socket_->set_group_ttl(group_ttl);
        socket_->set_traffic_class(traffic_class);
        socket_->set_group_zone(zone);
        return sent;
    }

    static Outcome outcome(const Result<>& result) { return result ? 0 : outcome_of(result.error()); }

    // A socket of AF_INET that was not bound hears IPv4 alone.
    Outcome take_port() {
        if (family_ != AF_INET || socket_->is_bound()) return 0;
        return outcome(socket_->bind({net::IpAddress::any_v4(), 0}));
    }

    int family_;
    bool only_v6_ = false;
    IpOptions ip_;
    WantedControl wanted_;
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

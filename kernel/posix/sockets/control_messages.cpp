#include "kernel/posix/sockets/control_messages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

net::IpAddress v4_address(const in_addr& address) {
    const auto bytes = std::bit_cast<std::array<std::uint8_t, 4>>(address);
    return net::IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

in_addr v4_bytes(const net::IpAddress& address) {
    in_addr bytes{};
    if (address.is_v4()) std::memcpy(&bytes, address.bytes().data() + 12, sizeof(bytes));
    return bytes;
}

template <typename T>
bool load(const cmsghdr& header, T& value) {
    if (header.cmsg_len < CMSG_LEN(sizeof(T))) return false;
    std::memcpy(&value, CMSG_DATA(&header), sizeof(T));
    return true;
}

Outcome read_number(const cmsghdr& header, int least, std::optional<std::uint8_t>& result) {
    int value = 0;
    if (!load(header, value) || value < -1 || value > 255) return -EINVAL;
    if (value == -1) return 0;  // the socket's
    if (value < least) return -EINVAL;
    result = static_cast<std::uint8_t>(value);
    return 0;
}

Outcome read_one(const cmsghdr& header, Departure& departure) {
    if (header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_PKTINFO) {
        in_pktinfo info;
        if (!load(header, info)) return -EINVAL;
        if (info.ipi_ifindex < 0 || info.ipi_ifindex > 255) return -ENODEV;
        departure.zone = static_cast<std::uint8_t>(info.ipi_ifindex);
        if (info.ipi_spec_dst.s_addr != 0) departure.source = v4_address(info.ipi_spec_dst);
        return 0;
    }
    if (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info;
        if (!load(header, info)) return -EINVAL;
        if (info.ipi6_ifindex > 255) return -ENODEV;
        departure.zone = static_cast<std::uint8_t>(info.ipi6_ifindex);
        departure.source = net::IpAddress::v6(std::to_array(info.ipi6_addr.s6_addr));
        if (departure.source.needs_zone()) departure.source = departure.source.with_zone(departure.zone);
        return 0;
    }
    if ((header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_TTL) ||
        (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_HOPLIMIT))
        return read_number(header, header.cmsg_level == IPPROTO_IP ? 1 : 0, departure.hops);
    if ((header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_TOS) ||
        (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_TCLASS))
        return read_number(header, 0, departure.traffic_class);
    return refuse_use("unusual control data of sendmsg", EOPNOTSUPP);
}

// Puts control messages behind one another, as far as there is room.
class Writer {
  public:
    explicit Writer(msghdr& message) : message_(message), room_(message.msg_controllen) {
        message.msg_controllen = 0;
    }
    template <typename T>
    void put(int level, int type, const T& value) {
        const std::size_t at = message_.msg_controllen;
        if (message_.msg_control == nullptr || room_ - at < CMSG_LEN(sizeof(T))) {
            message_.msg_flags |= MSG_CTRUNC;
            return;
        }
        cmsghdr header{};
        header.cmsg_len = static_cast<socklen_t>(CMSG_LEN(sizeof(T)));
        header.cmsg_level = level;
        header.cmsg_type = type;
        auto* const to = static_cast<std::byte*>(message_.msg_control) + at;
        std::memcpy(to, &header, sizeof(header));
        std::memcpy(to + CMSG_LEN(0), &value, sizeof(T));
        message_.msg_controllen = static_cast<socklen_t>(std::min(room_, at + CMSG_SPACE(sizeof(T))));
    }

  private:
    msghdr& message_;
    std::size_t room_;
};

}  // namespace

Outcome read_control(const msghdr& message, int family, Departure& departure) {
    const auto* at = static_cast<const std::byte*>(message.msg_control);
    std::size_t left = at != nullptr ? message.msg_controllen : 0;
    while (left >= sizeof(cmsghdr)) {
        cmsghdr header;
        std::memcpy(&header, at, sizeof(header));
        if (header.cmsg_len < sizeof(cmsghdr) || header.cmsg_len > left) return -EINVAL;
        if (header.cmsg_level == IPPROTO_IPV6 && family != AF_INET6) return -EINVAL;
        const Outcome outcome = read_one(*reinterpret_cast<const cmsghdr*>(at), departure);
        if (outcome < 0) return outcome;
        const std::size_t size = std::min<std::size_t>(left, CMSG_ALIGN(header.cmsg_len));
        at += size;
        left -= size;
    }
    return 0;
}

void write_control(msghdr& message, int family, const Arrival& arrival) {
    Writer writer(message);
    const bool v4 = arrival.destination.is_v4();
    // A dual-stack socket tells of IPv4 in both ways: mapped, as RFC 3542 has it, for who asked with IPV6_.
    if (family == AF_INET6) {
        if (arrival.wanted.destination) {
            in6_pktinfo info{};
            std::memcpy(&info.ipi6_addr, arrival.destination.bytes().data(), sizeof(info.ipi6_addr));
            info.ipi6_ifindex = arrival.zone;
            writer.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
        }
        if (arrival.wanted.hops) writer.put(IPPROTO_IPV6, IPV6_HOPLIMIT, int{arrival.hops});
        if (arrival.wanted.traffic_class) writer.put(IPPROTO_IPV6, IPV6_TCLASS, int{arrival.traffic_class});
        return;
    }
    if (arrival.wanted.destination && v4) {
        in_pktinfo info{};
        info.ipi_ifindex = arrival.zone;
        info.ipi_addr = v4_bytes(arrival.destination);
        if (!arrival.destination.is_multicast()) info.ipi_spec_dst = info.ipi_addr;
        writer.put(IPPROTO_IP, IP_PKTINFO, info);
    }
    if (arrival.wanted.hops) writer.put(IPPROTO_IP, IP_TTL, int{arrival.hops});
    if (arrival.wanted.traffic_class) writer.put(IPPROTO_IP, IP_TOS, arrival.traffic_class);
}

}  // namespace holm::posix

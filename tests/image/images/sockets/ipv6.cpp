// BSD sockets of IPv6 beside those of IPv4: both families on one listener, scopes, control data, groups.

#include "tests/image/images/sockets/ipv6.h"

#include <cstdint>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/image/images/library/check.h"

namespace {

bool fails(long result, int error) {
    return result == -1 && errno == error;
}

sockaddr_in6 address_v6(const char* text, std::uint16_t port, std::uint32_t scope = 0) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_scope_id = scope;
    CHECK(inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
    return address;
}

sockaddr_in address_v4(const char* text, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    CHECK(inet_pton(AF_INET, text, &address.sin_addr) == 1);
    return address;
}

template <typename T>
const sockaddr* plain(const T& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

template <typename T>
int set(int socket, int level, int name, const T& value) {
    return setsockopt(socket, level, name, &value, sizeof(value));
}

int number(int socket, int level, int name) {
    int value = -77;
    socklen_t size = sizeof(value);
    CHECK(getsockopt(socket, level, name, &value, &size) == 0 && size == sizeof(value));
    return value;
}

std::string text_of(const sockaddr_in6& address) {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
    return text;
}

sockaddr_in6 name_of(int socket, bool peer = false) {
    sockaddr_in6 name{};
    socklen_t size = sizeof(name);
    CHECK((peer ? getpeername : getsockname)(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    CHECK(size == sizeof(name) && name.sin6_family == AF_INET6);
    return name;
}

int listener_v6(const char* address, std::uint16_t port, int only_v6) {
    const int listener = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(set(listener, IPPROTO_IPV6, IPV6_V6ONLY, only_v6) == 0);
    CHECK(number(listener, IPPROTO_IPV6, IPV6_V6ONLY) == only_v6);
    const sockaddr_in6 local = address_v6(address, port);
    CHECK(bind(listener, plain(local), sizeof(local)) == 0 && listen(listener, 4) == 0);
    return listener;
}

bool is_readable(int socket) {
    pollfd polled{.fd = socket, .events = POLLIN, .revents = 0};
    fd_set selected;
    FD_ZERO(&selected);
    FD_SET(socket, &selected);
    timeval at_once{};
    const int set = epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {}};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, socket, &event) == 0);
    // Loopback takes a turn of the stack.
    const bool by_poll = poll(&polled, 1, 100) == 1;
    CHECK((select(socket + 1, &selected, nullptr, nullptr, &at_once) == 1) == by_poll);
    CHECK((epoll_wait(set, &event, 1, 0) == 1) == by_poll);
    close(set);
    return by_poll;
}

}  // namespace

void test_both_families() {
    const int both = listener_v6("::", 7300, 0);
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to_v4 = address_v4("127.0.0.1", 7300);
    CHECK(connect(client, plain(to_v4), sizeof(to_v4)) == 0);
    sockaddr_in6 peer{};
    socklen_t size = sizeof(peer);
    const int server = accept(both, reinterpret_cast<sockaddr*>(&peer), &size);
    CHECK(server >= 0 && text_of(peer) == "::ffff:127.0.0.1" && IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
    CHECK(text_of(name_of(server)) == "::ffff:127.0.0.1" && text_of(name_of(both)) == "::");
    CHECK(name_of(server, true).sin6_port == peer.sin6_port);
    CHECK(fails(set(server, IPPROTO_IPV6, IPV6_V6ONLY, 1), EINVAL));
    close(server);
    close(client);
    const int same_port = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(same_port, plain(to_v4), sizeof(to_v4)) == 0 && fails(listen(same_port, 1), EADDRINUSE));
    close(both);

    // IPv6 alone: the port is free for IPv4, which is refused here.
    const int only = listener_v6("::", 7300, 1);
    const int refused = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fails(connect(refused, plain(to_v4), sizeof(to_v4)), ECONNREFUSED));
    CHECK(listen(same_port, 1) == 0);
    const int mapped = socket(AF_INET6, SOCK_STREAM, 0);
    const sockaddr_in6 to_mapped = address_v6("::ffff:127.0.0.1", 7300);
    CHECK(connect(mapped, plain(to_mapped), sizeof(to_mapped)) == 0);
    CHECK(text_of(name_of(mapped, true)) == "::ffff:127.0.0.1");
    const int strict = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(set(strict, IPPROTO_IPV6, IPV6_V6ONLY, 1) == 0);
    CHECK(fails(bind(strict, plain(to_mapped), sizeof(to_mapped)), EINVAL));
    CHECK(fails(connect(strict, plain(to_mapped), sizeof(to_mapped)), ENETUNREACH));
    const sockaddr_in6 to_v6 = address_v6("::1", 7300);
    CHECK(connect(strict, plain(to_v6), sizeof(to_v6)) == 0 && text_of(name_of(strict)) == "::1");
    CHECK(is_readable(only) && is_readable(same_port));
    for (const int socket : {only, refused, same_port, mapped, strict}) close(socket);

    const int wrong = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(fails(bind(wrong, plain(to_v4), sizeof(to_v4)), EAFNOSUPPORT));
    CHECK(fails(bind(wrong, plain(to_v6), 8), EINVAL));
    const sockaddr_in6 not_ours = address_v6("fd00::77", 1);
    CHECK(fails(bind(wrong, plain(not_ours), sizeof(not_ours)), EADDRNOTAVAIL));
    CHECK(set(wrong, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9) == 0);
    CHECK(number(wrong, IPPROTO_IPV6, IPV6_UNICAST_HOPS) == 9);
    CHECK(fails(set(wrong, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 256), EINVAL));
    CHECK(set(wrong, IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1) == 0);
    CHECK(number(wrong, IPPROTO_IPV6, IPV6_UNICAST_HOPS) == 64);
    CHECK(set(wrong, IPPROTO_IPV6, IPV6_TCLASS, 0x28) == 0 &&
          number(wrong, IPPROTO_IPV6, IPV6_TCLASS) == 0x28);
    close(wrong);
}

namespace {

// The first address of getaddrinfo; its family 0 if there is none, and then `error`.
sockaddr_in6 looked_up(const char* name, int family, int flags, int* error = nullptr) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    sockaddr_in6 first{};
    const int result = getaddrinfo(name, "53", &hints, &found);
    if (error != nullptr) *error = result;
    if (result != 0) return first;
    std::memcpy(&first, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return first;
}

std::string text_of_v4(const sockaddr& address) {
    return inet_ntoa(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
}

}  // namespace

void test_scopes_and_names() {
    CHECK(if_nametoindex("lo") == 1);
    CHECK(if_nametoindex("nothing") == 0 && errno == ENODEV);
    char name[IF_NAMESIZE] = {};
    CHECK(if_indextoname(1, name) != nullptr && std::strcmp(name, "lo") == 0);
    CHECK(if_indextoname(99, name) == nullptr && errno == ENXIO);

    ifaddrs* all = nullptr;
    CHECK(getifaddrs(&all) == 0);
    std::string found;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        if (std::strcmp(each->ifa_name, "lo") != 0) continue;
        CHECK((each->ifa_flags & (IFF_LOOPBACK | IFF_UP)) == (IFF_LOOPBACK | IFF_UP));
        if (each->ifa_addr->sa_family == AF_PACKET) found += "link ";
        if (each->ifa_addr->sa_family == AF_INET)
            found += text_of_v4(*each->ifa_addr) + "/" + text_of_v4(*each->ifa_netmask) + " ";
        if (each->ifa_addr->sa_family == AF_INET6)
            found += text_of(reinterpret_cast<const sockaddr_in6&>(*each->ifa_addr)) + "/" +
                     text_of(reinterpret_cast<const sockaddr_in6&>(*each->ifa_netmask));
    }
    freeifaddrs(all);
    CHECK(found == "link 127.0.0.1/255.0.0.0 ::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

    const sockaddr_in6 by_name = looked_up("fe80::1%lo", AF_UNSPEC, AI_NUMERICHOST);
    CHECK(by_name.sin6_family == AF_INET6 && by_name.sin6_scope_id == 1 && text_of(by_name) == "fe80::1");
    CHECK(looked_up("fe80::1%3", AF_INET6, 0).sin6_scope_id == 3);
    CHECK(text_of(looked_up(nullptr, AF_INET6, AI_PASSIVE)) == "::");
    CHECK(text_of(looked_up(nullptr, AF_INET6, 0)) == "::1");
    CHECK(text_of(looked_up("127.0.0.1", AF_INET6, AI_V4MAPPED)) == "::ffff:127.0.0.1");
    CHECK(text_of(looked_up("localhost", AF_INET6, 0)) == "::1");
    int error = 0;
    looked_up("fe80::1%nothing", AF_INET6, AI_NUMERICHOST, &error);
    CHECK(error == EAI_NONAME);
    looked_up("localhost", AF_INET6, AI_NUMERICHOST, &error);
    CHECK(error == EAI_NONAME);
    looked_up("127.0.0.1", AF_INET6, 0, &error);
    CHECK(error == EAI_NONAME);
    char host[64] = {};
    CHECK(getnameinfo(plain(by_name), sizeof(by_name), host, sizeof(host), nullptr, 0, NI_NUMERICHOST) == 0);
    CHECK(std::strcmp(host, "fe80::1%lo") == 0);

    const int socket_v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    const sockaddr_in6 no_scope = address_v6("fe80::9", 9), no_such = address_v6("fe80::9", 9, 300);
    CHECK(fails(connect(socket_v6, plain(no_scope), sizeof(no_scope)), ENETUNREACH));
    CHECK(fails(connect(socket_v6, plain(no_such), sizeof(no_such)), EINVAL));
    close(socket_v6);
}

namespace {

struct Told {
    std::string payload;
    in6_pktinfo where_v6{};
    in_pktinfo where_v4{};
    int hops = -1, traffic_class = -1, flags = 0;
};

Told receive(int socket, std::size_t control_room = 256) {
    char bytes[64];
    alignas(cmsghdr) char control[256];
    iovec room{bytes, sizeof(bytes)};
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = static_cast<socklen_t>(control_room);
    Told told;
    const ssize_t size = recvmsg(socket, &message, 0);
    if (!CHECK(size >= 0)) return told;
    told.payload.assign(bytes, static_cast<std::size_t>(size));
    told.flags = message.msg_flags;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wsign-compare"  // in musl's macro
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
#pragma clang diagnostic pop
        const bool v6 = each->cmsg_level == IPPROTO_IPV6;
        const int type = each->cmsg_type;
        if (v6 && type == IPV6_PKTINFO) std::memcpy(&told.where_v6, CMSG_DATA(each), sizeof(told.where_v6));
        if (!v6 && type == IP_PKTINFO) std::memcpy(&told.where_v4, CMSG_DATA(each), sizeof(told.where_v4));
        if (type == (v6 ? IPV6_HOPLIMIT : IP_TTL)) std::memcpy(&told.hops, CMSG_DATA(each), sizeof(int));
        if (v6 && type == IPV6_TCLASS) std::memcpy(&told.traffic_class, CMSG_DATA(each), sizeof(int));
        if (!v6 && type == IP_TOS) told.traffic_class = *CMSG_DATA(each);
    }
    return told;
}

template <typename T>
ssize_t send_with(int socket, const sockaddr_in6& to, int type, const T& value) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(T))] = {};
    iovec piece{const_cast<char*>("told"), 4};
    msghdr message{};
    message.msg_name = const_cast<sockaddr_in6*>(&to);
    message.msg_namelen = sizeof(to);
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof(T));
    std::memcpy(CMSG_DATA(header), &value, sizeof(T));
    return sendmsg(socket, &message, 0);
}

}  // namespace

void test_control_data() {
    const int hears = socket(AF_INET6, SOCK_DGRAM, 0), says = socket(AF_INET6, SOCK_DGRAM, 0);
    const sockaddr_in6 any = address_v6("::", 7301), to = address_v6("::1", 7301);
    CHECK(bind(hears, plain(any), sizeof(any)) == 0);
    CHECK(set(says, IPPROTO_IPV6, IPV6_TCLASS, 0x20) == 0 &&
          set(says, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33) == 0);
    CHECK(sendto(says, "plain", 5, 0, plain(to), sizeof(to)) == 5);
    Told told = receive(hears);
    CHECK(told.payload == "plain" && told.hops == -1 && told.where_v6.ipi6_ifindex == 0);
    for (const int option : {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS}) {
        CHECK(set(hears, IPPROTO_IPV6, option, 1) == 0 && number(hears, IPPROTO_IPV6, option) == 1);
    }
    CHECK(sendto(says, "told", 4, 0, plain(to), sizeof(to)) == 4);
    told = receive(hears);
    CHECK(told.payload == "told" && told.hops == 33 && told.traffic_class == 0x20 && told.flags == 0);
    CHECK(told.where_v6.ipi6_ifindex == 1 && IN6_IS_ADDR_LOOPBACK(&told.where_v6.ipi6_addr));
    CHECK(sendto(says, "cut", 3, 0, plain(to), sizeof(to)) == 3);
    told = receive(hears, 40);  // room for one of them
    CHECK(told.flags == MSG_CTRUNC && told.where_v6.ipi6_ifindex == 1 && told.hops == -1);

    // For one message alone.
    CHECK(send_with(says, to, IPV6_HOPLIMIT, 7) == 4 && receive(hears).hops == 7);
    CHECK(send_with(says, to, IPV6_TCLASS, 9) == 4 && receive(hears).traffic_class == 9);
    in6_pktinfo from{};
    from.ipi6_addr = in6addr_loopback;
    CHECK(send_with(says, to, IPV6_PKTINFO, from) == 4 && receive(hears).hops == 33);
    from.ipi6_addr = address_v6("fd00::77", 0).sin6_addr;
    CHECK(fails(send_with(says, to, IPV6_PKTINFO, from), EADDRNOTAVAIL));
    CHECK(fails(send_with(says, to, IPV6_HOPLIMIT, 256), EINVAL));
    CHECK(fails(send_with(says, to, IPV6_HOPLIMIT, std::uint8_t{1}), EINVAL));

    // IPv4 to the same socket: mapped.
    const int says_v4 = socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in to_v4 = address_v4("127.0.0.1", 7301);
    CHECK(sendto(says_v4, "four", 4, 0, plain(to_v4), sizeof(to_v4)) == 4);
    told = receive(hears);
    CHECK(IN6_IS_ADDR_V4MAPPED(&told.where_v6.ipi6_addr) && told.hops == 64);
    close(hears);
    const int hears_v4 = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(bind(hears_v4, plain(to_v4), sizeof(to_v4)) == 0);
    CHECK(set(hears_v4, IPPROTO_IP, IP_PKTINFO, 1) == 0 && set(hears_v4, IPPROTO_IP, IP_RECVTTL, 1) == 0);
    CHECK(set(hears_v4, IPPROTO_IP, IP_RECVTOS, 1) == 0 && set(says_v4, IPPROTO_IP, IP_TOS, 0x10) == 0);
    CHECK(sendto(says_v4, "four", 4, 0, plain(to_v4), sizeof(to_v4)) == 4);
    told = receive(hears_v4);
    CHECK(told.where_v4.ipi_addr.s_addr == htonl(INADDR_LOOPBACK) && told.where_v4.ipi_ifindex == 1);
    CHECK(told.hops == 64 && told.traffic_class == 0x10);
    for (const int socket : {says, says_v4, hears_v4}) close(socket);
}

namespace {

sockaddr_storage storage_of(const sockaddr_in6& address) {
    sockaddr_storage storage{};
    std::memcpy(&storage, &address, sizeof(address));
    return storage;
}

}  // namespace

void test_groups() {
    // IPv4: the interface by its address, the loopback; a member hears what its own host sends.
    const int member = socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in any = address_v4("0.0.0.0", 7302), group = address_v4("239.1.2.3", 7302);
    const in_addr inside{htonl(INADDR_LOOPBACK)}, elsewhere{htonl(0x0a630001)};
    CHECK(bind(member, plain(any), sizeof(any)) == 0);
    CHECK(fails(set(member, IPPROTO_IP, IP_MULTICAST_IF, elsewhere), EADDRNOTAVAIL));
    CHECK(set(member, IPPROTO_IP, IP_MULTICAST_IF, inside) == 0);
    CHECK(number(member, IPPROTO_IP, IP_MULTICAST_IF) == static_cast<int>(inside.s_addr));
    const ip_mreq request{group.sin_addr, inside};
    CHECK(fails(set(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, request), EADDRNOTAVAIL));
    CHECK(set(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, request) == 0);
    CHECK(fails(set(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, request), EADDRINUSE));
    CHECK(fails(set(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreq{group.sin_addr, elsewhere}), ENODEV));
    CHECK(sendto(member, "all", 3, 0, plain(group), sizeof(group)) == 3 && receive(member).payload == "all");
    // All but one source, which is the only one there is.
    const ip_mreq_source source{group.sin_addr, inside, inside};
    CHECK(set(member, IPPROTO_IP, IP_BLOCK_SOURCE, source) == 0);
    CHECK(fails(set(member, IPPROTO_IP, IP_BLOCK_SOURCE, source), EADDRNOTAVAIL));
    CHECK(sendto(member, "none", 4, 0, plain(group), sizeof(group)) == 4 && !is_readable(member));
    CHECK(set(member, IPPROTO_IP, IP_UNBLOCK_SOURCE, source) == 0);
    CHECK(fails(set(member, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, source), EINVAL));
    CHECK(set(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, request) == 0);
    // Some sources alone.
    const ip_mreq_source stranger{group.sin_addr, inside, elsewhere};
    CHECK(set(member, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, stranger) == 0);
    CHECK(sendto(member, "none", 4, 0, plain(group), sizeof(group)) == 4 && !is_readable(member));
    CHECK(set(member, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, source) == 0);
    CHECK(sendto(member, "one", 3, 0, plain(group), sizeof(group)) == 3 && receive(member).payload == "one");
    CHECK(set(member, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, stranger) == 0);
    CHECK(set(member, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, source) == 0);
    // The whole list at once.
    struct {
        ip_msfilter head;
        in_addr second;
    } filter{{group.sin_addr, inside, MCAST_INCLUDE, 2, {elsewhere}}, inside};
    CHECK(fails(set(member, IPPROTO_IP, IP_MSFILTER, filter), EINVAL));  // not joined
    CHECK(set(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, request) == 0);
    CHECK(set(member, IPPROTO_IP, IP_MSFILTER, filter) == 0);
    CHECK(sendto(member, "one", 3, 0, plain(group), sizeof(group)) == 3 && receive(member).payload == "one");
    auto told = filter;
    told.head.imsf_numsrc = 1;  // room for one of the two
    socklen_t told_size = sizeof(told);
    CHECK(getsockopt(member, IPPROTO_IP, IP_MSFILTER, &told, &told_size) == 0);
    CHECK(told_size == IP_MSFILTER_SIZE(1) && told.head.imsf_numsrc == 2);
    CHECK(told.head.imsf_fmode == MCAST_INCLUDE && told.head.imsf_slist[0].s_addr == elsewhere.s_addr);
    filter.head.imsf_fmode = MCAST_EXCLUDE;
    CHECK(set(member, IPPROTO_IP, IP_MSFILTER, filter) == 0);
    CHECK(sendto(member, "none", 4, 0, plain(group), sizeof(group)) == 4 && !is_readable(member));
    filter.head.imsf_numsrc = 3;  // more than there are
    CHECK(fails(set(member, IPPROTO_IP, IP_MSFILTER, filter), EINVAL));
    filter.head.imsf_numsrc = 1000;
    CHECK(fails(set(member, IPPROTO_IP, IP_MSFILTER, filter), ENOBUFS));
    filter.head.imsf_fmode = MCAST_INCLUDE, filter.head.imsf_numsrc = 0;  // of nobody: left
    CHECK(set(member, IPPROTO_IP, IP_MSFILTER, filter) == 0);
    CHECK(fails(set(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, request), EADDRNOTAVAIL));
    CHECK(set(member, IPPROTO_IP, IP_MULTICAST_TTL, std::uint8_t{4}) == 0);
    CHECK(number(member, IPPROTO_IP, IP_MULTICAST_TTL) == 4 &&
          number(member, IPPROTO_IP, IP_MULTICAST_LOOP) == 1);
    close(member);

    // IPv6: the interface by its number.
    const int six = socket(AF_INET6, SOCK_DGRAM, 0);
    const sockaddr_in6 any_v6 = address_v6("::", 7303), group_v6 = address_v6("ff01::1234", 7303);
    CHECK(bind(six, plain(any_v6), sizeof(any_v6)) == 0);
    CHECK(fails(set(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 99), ENODEV));
    CHECK(set(six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1) == 0 &&
          number(six, IPPROTO_IPV6, IPV6_MULTICAST_IF) == 1);
    const ipv6_mreq request_v6{group_v6.sin6_addr, 1};
    CHECK(set(six, IPPROTO_IPV6, IPV6_JOIN_GROUP, request_v6) == 0);
    CHECK(sendto(six, "six", 3, 0, plain(group_v6), sizeof(group_v6)) == 3 && receive(six).payload == "six");
    CHECK(set(six, IPPROTO_IPV6, IPV6_LEAVE_GROUP, request_v6) == 0);
    CHECK(fails(set(six, IPPROTO_IPV6, IPV6_LEAVE_GROUP, request_v6), EADDRNOTAVAIL));
    group_source_req some{1, storage_of(group_v6), storage_of(address_v6("::1", 0))};
    CHECK(set(six, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, some) == 0);
    CHECK(sendto(six, "one", 3, 0, plain(group_v6), sizeof(group_v6)) == 3 && receive(six).payload == "one");
    CHECK(set(six, IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, some) == 0);
    some.gsr_source = storage_of(address_v6("fd00::5", 0));
    CHECK(set(six, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, some) == 0);
    CHECK(sendto(six, "none", 4, 0, plain(group_v6), sizeof(group_v6)) == 4 && !is_readable(six));
    group_filter whole{1, storage_of(group_v6), MCAST_INCLUDE, 1, {storage_of(address_v6("::1", 0))}};
    CHECK(set(six, IPPROTO_IPV6, MCAST_MSFILTER, whole) == 0);
    CHECK(sendto(six, "one", 3, 0, plain(group_v6), sizeof(group_v6)) == 3 && receive(six).payload == "one");
    group_filter known{1, storage_of(group_v6), 0, 1, {}};
    socklen_t known_size = sizeof(known);
    CHECK(getsockopt(six, IPPROTO_IPV6, MCAST_MSFILTER, &known, &known_size) == 0);
    CHECK(known.gf_fmode == MCAST_INCLUDE && known.gf_numsrc == 1 && known_size == sizeof(known));
    CHECK(memcmp(&reinterpret_cast<const sockaddr_in6&>(known.gf_slist[0]).sin6_addr, &in6addr_loopback,
                 16) == 0);
    whole.gf_slist[0].ss_family = AF_INET;
    CHECK(fails(set(six, IPPROTO_IPV6, MCAST_MSFILTER, whole), EINVAL));
    some.gsr_source.ss_family = AF_INET;
    CHECK(fails(set(six, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, some), EINVAL));
    CHECK(fails(set(six, IPPROTO_IPV6, IPV6_JOIN_GROUP, ipv6_mreq{in6addr_loopback, 1}), EINVAL));
    close(six);
}

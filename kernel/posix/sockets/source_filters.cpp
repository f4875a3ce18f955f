#include "kernel/posix/sockets/source_filters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "kernel/posix/sockets/group_values.h"
#include "kernel/posix/sockets/socket_file.h"

namespace holm::posix {
namespace {

using net::multicast::SourceList;

// The layouts of both structures, in what they have in common.
struct Fields {
    GroupRequest request;
    std::uint32_t mode = 0;
    std::uint32_t count = 0;  // of sources that follow, or that there is room for
};

constexpr std::size_t kShortHead = IP_MSFILTER_SIZE(0), kHead = GROUP_FILTER_SIZE(0);

Outcome read_short(const void* value, socklen_t size, Fields& fields) {
    ip_msfilter head{};
    if (size < kShortHead) return -EINVAL;
    memcpy(&head, value, kShortHead);
    fields.request.group = address_of(head.imsf_multiaddr);
    fields.mode = head.imsf_fmode;
    fields.count = head.imsf_numsrc;
    return find_interface(0, head.imsf_interface, fields.request.zone);
}

Outcome read_any(int level, const void* value, socklen_t size, Fields& fields) {
    group_filter head{};
    if (size < kHead) return -EINVAL;
    memcpy(&head, value, kHead);
    if (!read_storage(head.gf_group, level, fields.request.group)) return -EINVAL;
    fields.mode = head.gf_fmode;
    fields.count = head.gf_numsrc;
    return find_interface(head.gf_interface, {}, fields.request.zone);
}

bool is_filter(SocketFile& socket, int level, int name) {
    if (level == IPPROTO_IP) return name == IP_MSFILTER || name == MCAST_MSFILTER;
    return level == IPPROTO_IPV6 && name == MCAST_MSFILTER && socket.family() == AF_INET6;
}

sockaddr_storage storage_of(const net::IpAddress& address) {
    sockaddr_storage storage{};
    if (address.is_v4()) {
        auto& four = reinterpret_cast<sockaddr_in&>(storage);
        four.sin_family = AF_INET;
        four.sin_addr.s_addr = htonl(address.to_v4());
    } else {
        auto& six = reinterpret_cast<sockaddr_in6&>(storage);
        six.sin6_family = AF_INET6;
        memcpy(six.sin6_addr.s6_addr, address.bytes().data(), sizeof(six.sin6_addr));
    }
    return storage;
}

}  // namespace

std::optional<Outcome> set_source_filter(SocketFile& socket, int level, int name, const void* value,
                                         socklen_t size) {
    if (!is_filter(socket, level, name)) return std::nullopt;
    const bool is_short = name == IP_MSFILTER;
    Fields fields;
    const Outcome read = is_short ? read_short(value, size, fields) : read_any(level, value, size, fields);
    if (read < 0) return read;
    if (fields.count > SourceList::kCapacity) return -ENOBUFS;
    const std::size_t each = is_short ? sizeof(in_addr) : sizeof(sockaddr_storage);
    const std::size_t head = is_short ? kShortHead : kHead;
    if (size < head + fields.count * each || fields.mode > MCAST_INCLUDE) return -EINVAL;
    std::array<net::IpAddress, SourceList::kCapacity> sources;
    const auto* at = static_cast<const std::byte*>(value) + head;
    for (std::size_t i = 0; i < fields.count; ++i, at += each) {
        if (is_short) {
            in_addr source;
            memcpy(&source, at, sizeof(source));
            sources[i] = address_of(source);
            continue;
        }
        sockaddr_storage source;
        memcpy(&source, at, sizeof(source));
        if (!read_storage(source, level, sources[i])) return -EINVAL;
    }
    return socket.set_sources(fields.request, fields.mode == MCAST_INCLUDE,
                              std::span(sources).first(fields.count));
}

std::optional<Outcome> get_source_filter(SocketFile& socket, int level, int name, void* value,
                                         socklen_t& size) {
    if (!is_filter(socket, level, name)) return std::nullopt;
    const bool is_short = name == IP_MSFILTER;
    Fields fields;
    Outcome outcome = is_short ? read_short(value, size, fields) : read_any(level, value, size, fields);
    if (outcome < 0) return outcome;
    const std::size_t each = is_short ? sizeof(in_addr) : sizeof(sockaddr_storage);
    const std::size_t head = is_short ? kShortHead : kHead;
    net::multicast::SourceFilter filter;
    outcome = socket.sources_of(fields.request, filter);
    if (outcome < 0) return outcome;
    const auto sources = filter.sources.all();
    const std::size_t written = std::min({sources.size(), std::size_t{fields.count}, (size - head) / each});
    auto* const bytes = static_cast<std::byte*>(value);
    const std::uint32_t mode = filter.include ? MCAST_INCLUDE : MCAST_EXCLUDE;
    const auto count = static_cast<std::uint32_t>(sources.size());
    memcpy(bytes + (is_short ? offsetof(ip_msfilter, imsf_fmode) : offsetof(group_filter, gf_fmode)), &mode,
           sizeof(mode));
    memcpy(bytes + (is_short ? offsetof(ip_msfilter, imsf_numsrc) : offsetof(group_filter, gf_numsrc)),
           &count, sizeof(count));
    for (std::size_t i = 0; i < written; ++i) {
        const sockaddr_storage storage = storage_of(sources[i]);
        const void* from = &storage;
        if (is_short) from = &reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
        memcpy(bytes + head + i * each, from, each);
    }
    size = static_cast<socklen_t>(head + written * each);
    return 0;
}

}  // namespace holm::posix

#include "net/udp/socket.h"

#include <algorithm>
#include <cstring>

#include "net/udp/layer.h"
#include "net/wire/udp.h"

namespace holm::net::udp {

namespace {

// What lies in the receive queue for each datagram: in front of its payload, or with the place of it.
struct RecordHeader {
    Endpoint source;
    IpAddress destination;
    BufferOwner* owner;  // null: the payload follows
    Bytes elsewhere;
};

RecordHeader header_of(Bytes record) {
    RecordHeader header;
    std::memcpy(&header, record.data(), sizeof(header));
    return header;
}

}  // namespace

Socket::~Socket() {
    while (retained_ > 0) pop();
    while (group_count_ > 0) {
        const Group& last = groups_[--group_count_];
        layer_.groups_.leave_group(last.address, last.zone);
    }
    layer_.remove(*this);
}

Result<> Socket::bind(const Endpoint& local) {
    if (is_bound()) return fail(ErrorCode::kInvalid, "the socket is bound already");
    const IpAddress address = local.address;
    if (!address.is_unspecified() && !layer_.output_.route(address, address))
        return fail(ErrorCode::kAddressUnavailable, "the address is not one of ours");
    std::uint16_t port = local.port;
    if (port == 0) {
        port = layer_.choose_port(address, only_v6_);
        if (port == 0) return fail(ErrorCode::kAddressInUse, "no ephemeral port is free");
    } else if (layer_.in_use({address, port}, only_v6_)) {
        return fail(ErrorCode::kAddressInUse, "another socket has this port");
    }
    local_ = {address, port};
    layer_.insert(*this);
    return {};
}

Result<> Socket::connect(const Endpoint& remote) {
    if (remote.port == 0) return fail(ErrorCode::kInvalid, "port 0 cannot be connected to");
    const ip::Route route = TRY(
        layer_.output_.route(remote.address, local_.address.is_unspecified() ? IpAddress{} : local_.address));
    if (!is_bound()) TRY(bind({}));
    local_.address = route.source;
    remote_ = remote;
    if (route.zone != 0) remote_.address = remote.address.with_zone(route.zone);
    return {};
}

Result<> Socket::send(Instant now, Bytes payload) {
    if (!is_connected()) return fail(ErrorCode::kNotConnected, "the socket has no remote address");
    return send_to(now, remote_, payload);
}

Result<> Socket::send_to(Instant now, const Endpoint& remote, std::span<const Bytes> pieces) {
    return send_from(now, local_.address.is_unspecified() ? IpAddress{} : local_.address, remote, pieces);
}

Result<> Socket::send_from(Instant now, const IpAddress& source, const Endpoint& remote,
                           std::span<const Bytes> pieces) {
    if (const auto error = take_error()) return fail(*error, "reported by ICMP");
    if (remote.port == 0) return fail(ErrorCode::kInvalid, "port 0 cannot be sent to");
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    if (size > Layer::kMaximumPayload)
        return fail(ErrorCode::kMessageSize, "a UDP datagram carries at most 65507 bytes");
    if (remote.address.is_limited_broadcast() && !broadcast_)
        return fail(ErrorCode::kAccess, "broadcasts are not enabled on this socket");
    const ip::Route route = TRY(layer_.output_.route(remote.address, source));
    if (!is_bound()) TRY(bind({}));

    std::byte header[wire::UdpHeader::kSize];
    wire::UdpHeader{local_.port, remote.port, std::uint16_t(sizeof(header) + size)}.emit(header);
    ip::Packet packet;
    packet.protocol = ip::Protocol::kUdp;
    packet.source = route.source;
    packet.destination = remote.address;
    packet.header = header;
    packet.checksum_offset = wire::UdpHeader::kChecksumOffset;
    packet.payload = pieces;
    packet.dont_fragment = false;
    packet.ttl = remote.address.is_multicast() ? group_ttl_ : ttl_;
    packet.traffic_class = traffic_class_;
    switch (layer_.output_.send(now, packet)) {
        case TransmitResult::kSent:
            ++counters_.sent;
            return {};
        case TransmitResult::kFull:
            wants_space_ = layer_.someone_waits_ = true;
            return fail(ErrorCode::kWouldBlock, "the device is full");
        case TransmitResult::kGone:
            break;
    }
    return fail(ErrorCode::kNetworkDown, "the network device has vanished");
}

Result<> Socket::join(const IpAddress& group, std::uint8_t zone) {
    if (group_count_ == kMaximumGroups) return fail(ErrorCode::kNoBuffers, "the socket has too many groups");
    const std::uint8_t chosen = TRY(layer_.groups_.join_group(group, zone != 0 ? zone : group.zone()));
    const IpAddress address = group.without_zone();
    for (std::size_t i = 0; i < group_count_; ++i) {
        if (groups_[i].address != address || groups_[i].zone != chosen) continue;
        layer_.groups_.leave_group(address, chosen);
        return fail(ErrorCode::kAlready, "the socket listens to this group already");
    }
    groups_[group_count_++] = {address, chosen};
    return {};
}

Result<> Socket::leave(const IpAddress& group, std::uint8_t zone) {
    if (zone == 0) zone = group.zone();
    for (std::size_t i = 0; i < group_count_; ++i) {
        const Group found = groups_[i];
        if (found.address != group.without_zone() || (zone != 0 && found.zone != zone)) continue;
        groups_[i] = groups_[--group_count_];
        layer_.groups_.leave_group(found.address, found.zone);
        return {};
    }
    return fail(ErrorCode::kAddressUnavailable, "the socket does not listen to this group");
}

bool Socket::listens(const IpAddress& group, std::uint8_t zone) const {
    for (const Group& own : std::span(groups_).first(group_count_))
        if (own.address == group.without_zone() && own.zone == zone) return true;
    // All hosts, all nodes: nobody joins them.
    return group == IpAddress::v4(224, 0, 0, 1) ||
           group.without_zone() == IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

std::optional<Datagram> Socket::front() {
    if (queue_.empty()) return std::nullopt;
    const Bytes record = queue_.front();
    const RecordHeader header = header_of(record);
    return Datagram{header.source, header.destination,
                    header.owner ? header.elsewhere : record.subspan(sizeof(header))};
}

void Socket::pop() {
    if (BufferOwner* owner = header_of(queue_.front()).owner) {
        --retained_;
        owner->release();
    }
    queue_.pop();
}

std::optional<ErrorCode> Socket::take_error() {
    return std::exchange(error_, std::nullopt);
}

bool Socket::enqueue(const Endpoint& source, const IpAddress& destination, Bytes payload,
                     BufferOwner* owner) {
    if (retained_ == kMaxRetained) owner = nullptr;
    const std::size_t copied = owner ? 0 : payload.size();
    const MutableBytes record = queue_.count() < layer_.configuration_.receive_queue_datagrams
                                    ? queue_.push(sizeof(RecordHeader) + copied)
                                    : MutableBytes();
    if (record.empty()) {
        ++counters_.overflowed;
        return false;
    }
    const RecordHeader header{source, destination, owner, owner ? payload : Bytes()};
    std::memcpy(record.data(), &header, sizeof(header));
    if (owner) {
        owner->retain();
        ++retained_;
    } else {
        std::copy(payload.begin(), payload.end(), record.begin() + sizeof(header));
    }
    ++counters_.received;
    return true;
}

}  // namespace holm::net::udp

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
    std::uint8_t zone, ttl, traffic_class;
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
    while (group_count_ > 0) drop_group(groups_[group_count_ - 1]);
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
    IpAddress to = remote.address;
    if (to.is_multicast() && to.zone() == 0) to = to.with_zone(group_zone_);
    const ip::Route route = TRY(layer_.output_.route(to, source));
    if (!is_bound()) TRY(bind({}));
    switch (put(now, route.source, {to, remote.port}, pieces, size)) {
        case TransmitResult::kSent:
            return {};
        case TransmitResult::kFull:
            wants_space_ = layer_.someone_waits_ = true;
            return fail(ErrorCode::kWouldBlock, "the device is full");
        case TransmitResult::kGone:
            break;
    }
    return fail(ErrorCode::kNetworkDown, "the network device has vanished");
}

TransmitResult Socket::put(Instant now, const IpAddress& source, const Endpoint& remote,
                           std::span<const Bytes> pieces, std::size_t size) {
    std::byte header[wire::UdpHeader::kSize];
    wire::UdpHeader{local_.port, remote.port, std::uint16_t(sizeof(header) + size)}.emit(header);
    ip::Packet packet;
    packet.protocol = ip::Protocol::kUdp;
    packet.source = source;
    packet.destination = remote.address;
    packet.header = header;
    packet.checksum_offset = wire::UdpHeader::kChecksumOffset;
    packet.payload = pieces;
    packet.dont_fragment = false;
    packet.ttl = remote.address.is_multicast() ? group_ttl_ : ttl_;
    packet.traffic_class = traffic_class_;
    packet.to_own_members = group_loop_;
    const TransmitResult result = layer_.output_.send(now, packet);
    if (result == TransmitResult::kSent) ++counters_.sent;
    return result;
}

std::optional<Datagram> Socket::front() {
    if (queue_.empty()) return std::nullopt;
    const Bytes record = queue_.front();
    const RecordHeader header = header_of(record);
    return Datagram{.source = header.source,
                    .destination = header.destination,
                    .payload = header.owner ? header.elsewhere : record.subspan(sizeof(header)),
                    .zone = header.zone,
                    .ttl = header.ttl,
                    .traffic_class = header.traffic_class};
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

bool Socket::enqueue(const Endpoint& source, const ip::Received& received, Bytes payload,
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
    const RecordHeader header{.source = source,
                              .destination = received.destination,
                              .zone = received.zone,
                              .ttl = received.ttl,
                              .traffic_class = received.traffic_class,
                              .owner = owner,
                              .elsewhere = owner ? payload : Bytes()};
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

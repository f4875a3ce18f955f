#include "services/route/dhcp_server.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <new>

namespace holm::route {

using net::IpAddress;
using net::MacAddress;
using net::wire::DhcpQuery;
using net::wire::DhcpType;

// Section 4.2: by the identifier if the client gives one, else by its hardware address.
std::uint64_t DhcpServer::identify(const DhcpQuery& query) const {
    std::array<std::byte, 1 + 255> name{};
    const Bytes mac = std::as_bytes(std::span(query.client.bytes));
    const Bytes identifier = query.identifier.empty() ? mac : query.identifier;
    name[0] = std::byte(query.identifier.empty());
    std::ranges::copy(identifier, name.begin() + 1);
    return siphash(key_, Bytes(name).first(1 + identifier.size()));
}

DhcpServer::Lease* DhcpServer::lease_of(std::uint64_t client) {
    for (std::size_t i = 0; i < count_; ++i)
        if (leases_[i].client == client && leases_[i].state != State::kDeclined &&
            leases_[i].state != State::kFree)
            return &leases_[i];
    return nullptr;
}

DhcpServer::Lease* DhcpServer::lease_at(std::uint32_t address) {
    for (std::size_t i = 0; i < count_; ++i)
        if (leases_[i].address == address) return &leases_[i];
    return nullptr;
}

std::optional<std::uint32_t> DhcpServer::reserved_for(const MacAddress& mac) const {
    for (std::uint32_t i = 0; i < record_.host_count; ++i)
        if (const auto host = hosts_.at(std::size_t{record_.first_host} + i); host && host->mac == mac)
            return host->address;
    return std::nullopt;
}

bool DhcpServer::is_reserved(std::uint32_t address) const {
    for (std::uint32_t i = 0; i < record_.host_count; ++i)
        if (const auto host = hosts_.at(std::size_t{record_.first_host} + i);
            host && host->address == address)
            return true;
    return false;
}

bool DhcpServer::may_have(Instant now, std::uint64_t client, const MacAddress& mac, std::uint32_t address) {
    if (const auto own = reserved_for(mac)) return *own == address;
    if (!in_pool(address) || is_reserved(address)) return false;
    const Lease* const lease = lease_at(address);
    return !lease || lease->state == State::kFree || lease->until <= now ||
           (lease->client == client && lease->state != State::kDeclined);
}

// Section 4.3.1: the address the client has or had, the one it asks for, any other.
std::optional<std::uint32_t> DhcpServer::choose(Instant now, std::uint64_t client, const DhcpQuery& query) {
    if (const auto own = reserved_for(query.client)) return own;
    if (const Lease* const lease = lease_of(client);
        lease && may_have(now, client, query.client, lease->address))
        return lease->address;
    if (query.requested && may_have(now, client, query.client, query.requested->to_v4()))
        return query.requested->to_v4();
    return any_free(now, client);
}

// From a place that is the client's own, so that it mostly finds the same address after a restart. One look
// at every lease, however full the pool is.
std::optional<std::uint32_t> DhcpServer::any_free(Instant now, std::uint64_t client) const {
    if (record_.first == 0 || record_.last < record_.first) return std::nullopt;
    const std::uint32_t size = record_.last - record_.first + 1;
    const auto start = std::uint32_t(client % size);
    std::bitset<kWindow> taken;
    const auto take = [&](std::uint32_t address) {
        if (!in_pool(address)) return;
        const std::uint32_t distance = (address - record_.first + size - start) % size;
        if (distance < kWindow) taken.set(distance);
    };
    for (std::size_t i = 0; i < count_; ++i)
        if (leases_[i].state != State::kFree && leases_[i].until > now) take(leases_[i].address);
    for (std::uint32_t i = 0; i < record_.host_count; ++i)
        if (const auto host = hosts_.at(std::size_t{record_.first_host} + i)) take(host->address);
    for (std::uint32_t i = 0; i < std::min<std::uint32_t>(size, kWindow); ++i)
        if (!taken.test(i)) return record_.first + (start + i) % size;
    return std::nullopt;
}

bool DhcpServer::keep(Instant now, std::uint64_t client, std::uint32_t address, State state, Instant until) {
    // One client, one address.
    if (Lease* const old = lease_of(client); old && old->address != address) old->state = State::kFree;
    Lease* place = lease_at(address);
    // What nobody uses any more makes room.
    for (std::size_t i = 0; !place && count_ == kMaximumLeases && i < count_; ++i)
        if (leases_[i].state == State::kFree || leases_[i].until <= now) place = &leases_[i];
    if (!place && count_ == room_) {
        const std::size_t room = std::min(kMaximumLeases, std::max<std::size_t>(16, room_ * 2));
        std::unique_ptr<Lease[]> grown(room > room_ ? new (std::nothrow) Lease[room] : nullptr);
        if (!grown) return false;
        std::copy_n(leases_.get(), count_, grown.get());
        leases_ = std::move(grown);
        room_ = room;
    }
    if (!place) place = &leases_[count_++];
    *place = {client, address, state, until};
    return true;
}

DhcpServer::Answer DhcpServer::answer(const DhcpQuery& query, DhcpType type, std::uint32_t address,
                                      MutableBytes out) const {
    net::wire::DhcpAnswer message;
    message.type = type;
    message.server = address_;
    message.address = IpAddress::v4(address);
    message.prefix_length = prefix_length_;
    message.router = IpAddress::v4(record_.router);
    for (std::size_t i = 0; i < message.dns.size(); ++i) message.dns[i] = IpAddress::v4(record_.dns[i]);
    message.domain = {record_.domain.data(),
                      strnlen(record_.domain.data(), net::wire::DhcpAnswer::kLongestDomain)};
    if (query.type != DhcpType::kInform) message.lease_seconds = record_.lease_seconds;

    Answer sent;
    sent.size = message.emit(query, out);
    // Section 4.1: to where the client listens.
    sent.mac = query.client;
    sent.broadcast = type == DhcpType::kNak || (query.current.is_unspecified() && query.broadcast);
    sent.address = query.current.is_unspecified() ? message.address : query.current;
    return sent;
}

std::optional<DhcpServer::Answer> DhcpServer::offer(Instant now, std::uint64_t client, const DhcpQuery& query,
                                                    MutableBytes out) {
    const auto address = choose(now, client, query);
    if (!address) return std::nullopt;
    const Lease* const lease = lease_at(*address);
    const bool has_it =
        lease && lease->client == client && lease->state == State::kLeased && lease->until > now;
    if (!has_it && !keep(now, client, *address, State::kOffered, now + kOffer)) return std::nullopt;
    return answer(query, DhcpType::kOffer, *address, out);
}

// Section 4.3.2: a choice among offers, an address of before, a lease that is to go on.
std::optional<DhcpServer::Answer> DhcpServer::grant(Instant now, std::uint64_t client, const DhcpQuery& query,
                                                    MutableBytes out) {
    if (query.server && *query.server != address_) {
        // Another server's offer was taken.
        if (Lease* const lease = lease_of(client); lease && lease->state == State::kOffered)
            lease->state = State::kFree;
        return std::nullopt;
    }
    const IpAddress wanted = query.requested ? *query.requested : query.current;
    if (wanted.is_unspecified()) return std::nullopt;
    const std::uint32_t address = wanted.to_v4();
    if (!may_have(now, client, query.client, address)) return answer(query, DhcpType::kNak, 0, out);
    if (!keep(now, client, address, State::kLeased, now + Duration::seconds(record_.lease_seconds)))
        return std::nullopt;
    return answer(query, DhcpType::kAck, address, out);
}

std::optional<DhcpServer::Answer> DhcpServer::receive(Instant now, Bytes message, MutableBytes out) {
    if (!queries_.take(now)) return std::nullopt;
    const auto query = DhcpQuery::parse(message);
    // Relays are of other networks, which this server has no addresses of.
    if (!query || !query->relay.is_unspecified()) return std::nullopt;
    const std::uint64_t client = identify(*query);
    switch (query->type) {
        case DhcpType::kDiscover:
            return offer(now, client, *query, out);
        case DhcpType::kRequest:
            return grant(now, client, *query, out);
        case DhcpType::kDecline:
            // Section 4.3.3: somebody has the address without having asked.
            if (query->requested && query->server == address_)
                if (Lease* const lease = lease_of(client);
                    lease && lease->address == query->requested->to_v4())
                    *lease = {0, lease->address, State::kDeclined, now + kDeclined};
            return std::nullopt;
        case DhcpType::kRelease:
            if (Lease* const lease = lease_of(client); lease && lease->address == query->current.to_v4())
                lease->state = State::kFree;
            return std::nullopt;
        case DhcpType::kInform:
            if (query->current.is_unspecified()) return std::nullopt;
            return answer(*query, DhcpType::kAck, 0, out);
        default:
            return std::nullopt;  // a server's words
    }
}

std::size_t DhcpServer::leased(Instant now) const {
    return std::size_t(std::count_if(leases_.get(), leases_.get() + count_, [&](const Lease& lease) {
        return lease.state == State::kLeased && lease.until > now;
    }));
}

}  // namespace holm::route

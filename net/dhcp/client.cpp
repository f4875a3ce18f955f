#include "net/dhcp/client.h"

#include <algorithm>

namespace holm::net::dhcp {

namespace {

using wire::DhcpType;

constexpr Duration kDeclineWait = Duration::seconds(10);  // section 3.1, step 5
constexpr std::uint32_t kForEver = ~0u;

bool can_be_ours(const IpAddress& address) {
    // 0/8 is "this network", 240/4 is reserved (RFC 1122, section 3.2.1.3): no host has such an address.
    const std::uint32_t bits = address.to_v4();
    return bits >> 24 != 0 && bits >> 28 != 0xf && !address.is_multicast() && !address.is_loopback();
}

// The mask that the address's class implied, before there were masks.
std::uint8_t classful_prefix(const IpAddress& address) {
    const std::uint32_t bits = address.to_v4();
    if (bits >> 31 == 0) return 8;
    return bits >> 30 == 2 ? 16 : 24;
}

Instant after(Instant start, std::uint32_t seconds) {
    return seconds == kForEver ? Instant::never() : start + Duration::seconds(seconds);
}

}  // namespace

void Client::start(Instant now) {
    began_ = now;
    search(now, Duration());
}

void Client::search(Instant now, Duration wait) {
    state_ = State::kSelecting;
    transaction_ = std::uint32_t(random_.next());
    retry_ = kFirstRetry;
    tries_ = 0;
    deadline_ = now + wait;
}

Duration Client::jittered_retry() {
    const Duration wait =
        retry_ - Duration::seconds(1) + Duration::nanoseconds(std::int64_t(random_.below(2'000'000'000)));
    retry_ = std::min(retry_ * 2, kLongestRetry);
    return wait;
}

std::uint16_t Client::seconds_since(Instant now) const {
    return std::uint16_t(std::min<std::int64_t>((now - began_).as_seconds(), 0xffff));
}

wire::DhcpRequest Client::request(DhcpType type) const {
    wire::DhcpRequest message;
    message.type = type;
    message.transaction = transaction_;
    message.client = mac_;
    return message;
}

std::optional<Client::Outgoing> Client::due(Instant now) {
    if (now < deadline_) return std::nullopt;
    if (decline_) {
        decline_ = false;
        Outgoing out{request(DhcpType::kDecline), std::nullopt};
        out.message.requested = offered_;
        out.message.server = server_;
        offered_ = IpAddress::any_v4();
        search(now, kDeclineWait);
        return out;
    }
    if (lease_ && now >= lease_->expiry) {
        lose_lease();
        search(now, Duration());
    }
    switch (state_) {
        case State::kSelecting: {
            Outgoing out{request(DhcpType::kDiscover), std::nullopt};
            out.message.seconds = discovered_after_ = seconds_since(now);
            out.message.broadcast = true;  // we have no address that a unicast could reach
            if (!offered_.is_unspecified())
                out.message.requested = offered_;  // the one we had, if it is free
            deadline_ = now + jittered_retry();
            return out;
        }
        case State::kRequesting: {
            if (tries_++ == kRequestTries) {
                search(now, Duration());
                return due(now);
            }
            Outgoing out{request(DhcpType::kRequest), std::nullopt};
            out.message.seconds = discovered_after_;
            out.message.broadcast = true;
            out.message.requested = offered_;
            out.message.server = server_;
            sent_ = now;
            deadline_ = now + jittered_retry();
            return out;
        }
        case State::kBound:
            state_ = State::kRenewing;
            transaction_ = std::uint32_t(random_.next());
            began_ = now;
            [[fallthrough]];
        case State::kRenewing:
        case State::kRebinding: {
            if (now >= lease_->rebinding) state_ = State::kRebinding;
            Outgoing out{request(DhcpType::kRequest), std::nullopt};
            out.message.seconds = seconds_since(now);
            out.message.current = lease_->address;
            if (state_ == State::kRenewing) out.to = lease_->server;
            sent_ = now;
            // Section 4.4.5: half of the time that is left, but at least a minute; never later than the next
            // event.
            const Instant until = state_ == State::kRenewing ? lease_->rebinding : lease_->expiry;
            deadline_ = std::min(until, now + std::max((until - now) / 2, kShortestRenewalRetry));
            return out;
        }
    }
    return std::nullopt;
}

bool Client::receive(Instant now, Bytes message) {
    const auto reply = wire::DhcpReply::parse(message);
    if (!reply || reply->transaction != transaction_ || reply->client != mac_) return false;
    switch (state_) {
        case State::kSelecting:
            // The first offer is taken: waiting for a better one would only cost time.
            return reply->type == DhcpType::kOffer && accept_offer(now, *reply);
        case State::kRequesting:
        case State::kRenewing:
        case State::kRebinding:
            if (state_ == State::kRequesting && reply->server != server_) return false;
            if (reply->type == DhcpType::kAck) return accept_lease(*reply);
            if (reply->type != DhcpType::kNak) return false;
            lose_lease();
            offered_ = IpAddress::any_v4();
            search(now, kFirstRetry);  // not at once: a server that refuses everything is not to be flooded
            return true;
        case State::kBound:
            return false;
    }
    return false;
}

bool Client::accept_offer(Instant now, const wire::DhcpReply& reply) {
    if (!can_be_ours(reply.address) || reply.server.is_unspecified()) return false;
    offered_ = reply.address;
    server_ = reply.server;
    state_ = State::kRequesting;
    tries_ = 0;
    retry_ = kFirstRetry;
    deadline_ = now;
    return true;
}

bool Client::accept_lease(const wire::DhcpReply& reply) {
    if (!can_be_ours(reply.address) || reply.lease_seconds == 0) return false;
    if (lease_ && reply.address != lease_->address) return false;  // an extension extends
    Lease lease;
    lease.address = reply.address;
    lease.prefix_length = reply.prefix_length != 0 ? reply.prefix_length : classful_prefix(reply.address);
    lease.routers = reply.routers;
    lease.server = reply.server.is_unspecified() ? server_ : reply.server;
    lease.dns = reply.dns;
    lease.search = reply.search;
    lease.mtu = reply.mtu;
    // Section 4.4.5: T1 and T2 default to 1/2 and 7/8 of the lease, and must be in order to be believed.
    const std::uint32_t seconds = std::max(reply.lease_seconds, kShortestLease);
    std::uint32_t renewal = reply.renewal_seconds, rebinding = reply.rebinding_seconds;
    if (rebinding >= seconds || rebinding < kShortestLease / 2) rebinding = seconds - seconds / 8;
    if (renewal >= rebinding || renewal < kShortestLease / 2) renewal = std::min(seconds / 2, rebinding);
    if (seconds == kForEver) renewal = rebinding = kForEver;
    lease.renewal = after(sent_, spread(renewal));
    lease.rebinding = after(sent_, spread(rebinding));
    lease.expiry = after(sent_, seconds);

    lease_ = lease;
    server_ = lease.server;
    offered_ = lease.address;
    state_ = State::kBound;
    deadline_ = lease.renewal;
    ++changes_;
    return true;
}

std::uint32_t Client::spread(std::uint32_t seconds) {
    return seconds == kForEver ? seconds : seconds - std::uint32_t(random_.below(seconds / 32 + 1));
}

void Client::lose_lease() {
    if (!lease_) return;
    lease_.reset();
    ++changes_;
}

void Client::decline(Instant now) {
    if (!lease_) return;
    lose_lease();
    decline_ = true;
    deadline_ = now;
}

std::optional<Client::Outgoing> Client::release() {
    if (!lease_) return std::nullopt;
    transaction_ = std::uint32_t(random_.next());
    Outgoing out{request(DhcpType::kRelease), lease_->server};
    out.message.current = lease_->address;
    out.message.server = lease_->server;
    lose_lease();
    deadline_ = Instant::never();
    return out;
}

}  // namespace holm::net::dhcp

#include "net/dhcp/client_v6.h"

#include <algorithm>

namespace holm::net::dhcp {

namespace {

using wire::Dhcpv6Reply;
using wire::Dhcpv6Type;

constexpr std::uint32_t kForEver = ~std::uint32_t{0};

Instant after(Instant start, std::uint32_t seconds) {
    return seconds == kForEver ? Instant::never() : start + Duration::seconds(seconds);
}

}  // namespace

// Loops by hand, here and below: the library's are instantiated for each type, and this room is to be small.
std::size_t LeaseV6::index_of(const IpAddress& address) const {
    std::size_t i = 0;
    while (i < count && addresses[i].address != address) ++i;
    return i;
}

Instant LeaseV6::valid_until() const {
    Instant first = Instant::never();
    for (const Address& each : all()) first = std::min(first, each.valid_until);
    return first;
}

const ClientV6::Retransmission& ClientV6::retransmission() const {
    switch (state_) {
        case State::kRequesting:
            return kRequest;
        case State::kRenewing:
        case State::kRebinding:
            return kRenew;
        case State::kDeclining:
            return kDecline;
        case State::kAskingForInformation:
            return information_;
        default:
            return solicit_;
    }
}

void ClientV6::start(Instant now, bool with_address) {
    with_address_ = with_address;
    begin(now, with_address ? State::kSoliciting : State::kAskingForInformation);
}

// A new exchange, whose first message is due at once.
void ClientV6::begin(Instant now, State state) {
    state_ = state;
    transaction_ = std::uint32_t(random_.next()) & 0xff'ffff;
    tries_ = 0;
    began_ = deadline_ = now;
}

std::optional<wire::Dhcpv6Request> ClientV6::due(Instant now) {
    expire(now);
    if (now < deadline_) return std::nullopt;
    if (state_ == State::kBound) begin(now, State::kRenewing);
    if (state_ == State::kRenewing && now >= lease_->rebinding) begin(now, State::kRebinding);
    if (state_ == State::kInformed) begin(now, State::kAskingForInformation);
    const int most = retransmission().count;
    if (most != 0 && tries_ == most) {
        if (state_ == State::kDeclining)
            end_decline(now);
        else
            begin(now, State::kSoliciting);
        if (now < deadline_) return std::nullopt;
    }

    const Retransmission& timing = retransmission();
    // Section 15: the wait doubles up to a bound, give or take a tenth each time.
    wait_ = tries_ == 0 ? timing.first : std::min(wait_ * 2, timing.longest);
    const auto tenth = std::uint64_t((wait_ / 10).as_nanoseconds());
    deadline_ = now + wait_ - Duration::nanoseconds(std::int64_t(tenth)) +
                Duration::nanoseconds(std::int64_t(random_.below(2 * tenth + 1)));
    ++tries_;

    wire::Dhcpv6Request message = about_lease();
    message.hundredths = std::uint16_t(std::min<std::int64_t>((now - began_).as_milliseconds() / 10, 0xffff));
    switch (state_) {
        case State::kRequesting:
            message.type = Dhcpv6Type::kRequest;
            message.server = server_;
            break;
        case State::kRenewing:
            message.type = Dhcpv6Type::kRenew;
            message.server = server_;
            deadline_ = std::min(deadline_, lease_->rebinding);
            break;
        case State::kRebinding:
            message.type = Dhcpv6Type::kRebind;
            deadline_ = std::min(deadline_, lease_->valid_until());
            break;
        case State::kDeclining:
            message.type = Dhcpv6Type::kDecline;
            message.server = server_;
            break;
        case State::kAskingForInformation:
            message.type = Dhcpv6Type::kInformationRequest;
            message.with_address = false;
            break;
        default:
            message.type = Dhcpv6Type::kSolicit;
            message.address_count = 0;
            break;
    }
    return message;
}

wire::Dhcpv6Request ClientV6::about_lease() const {
    wire::Dhcpv6Request message;
    message.transaction = transaction_;
    message.client = mac_;
    message.address_count = named_count_;
    message.addresses = named_;
    if (!lease_ || state_ == State::kDeclining) return message;
    message.address_count = lease_->count;
    for (std::size_t i = 0; i < lease_->count; ++i) message.addresses[i] = lease_->addresses[i].address;
    return message;
}

std::optional<wire::Dhcpv6Request> ClientV6::release() {
    if (!lease_) return std::nullopt;
    begin(Instant(), State::kIdle);
    wire::Dhcpv6Request message = about_lease();
    message.type = Dhcpv6Type::kRelease;
    message.server = server_;
    lose_lease();
    deadline_ = Instant::never();
    return message;
}

Instant ClientV6::next_deadline() const {
    return lease_ ? std::min(deadline_, lease_->valid_until()) : deadline_;
}

// Each address ends at its own time; with the last one the lease does.
void ClientV6::expire(Instant now) {
    if (!lease_ || now < lease_->valid_until()) return;
    for (std::size_t i = 0; i < lease_->count;) {
        if (now >= lease_->addresses[i].valid_until)
            lease_->addresses[i] = lease_->addresses[--lease_->count];
        else
            ++i;
    }
    ++changes_;
    if (lease_->count > 0) return;
    lose_lease();
    if (state_ != State::kDeclining) begin(now, State::kSoliciting);
}

bool ClientV6::receive(Instant now, Bytes message) {
    const auto reply = Dhcpv6Reply::parse(message, mac_);
    // Section 16: answers name the server, and us.
    if (!reply || reply->transaction != transaction_ || !reply->for_client || !reply->server) return false;
    // Even of a server that has nothing else to give (sections 18.2.9, 18.2.10).
    if (reply->solicit_seconds != 0) solicit_.longest = Duration::seconds(reply->solicit_seconds);
    if (reply->information_seconds != 0) information_.longest = Duration::seconds(reply->information_seconds);
    if (reply->type == Dhcpv6Type::kAdvertise)
        return state_ == State::kSoliciting && accept_advertisement(now, *reply);
    return reply->type == Dhcpv6Type::kReply && accept_reply(now, *reply);
}

// The first offer is taken: section 18.2.1 would wait a second for a better one, which costs a start a
// second.
bool ClientV6::accept_advertisement(Instant now, const Dhcpv6Reply& reply) {
    if (reply.status != wire::kDhcpv6Success || reply.address_status != wire::kDhcpv6Success ||
        reply.address_count == 0)
        return false;
    server_ = reply.server;
    named_count_ = reply.address_count;
    for (std::size_t i = 0; i < named_count_; ++i) named_[i] = reply.addresses[i].address;
    begin(now, State::kRequesting);
    return true;
}

bool ClientV6::accept_reply(Instant now, const Dhcpv6Reply& reply) {
    switch (state_) {
        case State::kDeclining:
            end_decline(now);
            return true;
        case State::kAskingForInformation: {
            take_dns(reply);
            state_ = State::kInformed;
            const Duration told = Duration::seconds(reply.refresh_seconds);
            deadline_ =
                reply.refresh_seconds == kForEver
                    ? Instant::never()
                    : now + (reply.refresh_seconds == 0 ? kRefresh : std::max(told, kShortestRefresh));
            return true;
        }
        case State::kRequesting:
        case State::kRenewing:
            if (!server_ || *reply.server != *server_) return false;
            break;
        case State::kRebinding:
            break;
        default:
            return false;
    }
    const bool refused = reply.status != wire::kDhcpv6Success || reply.address_status != wire::kDhcpv6Success;
    if (refused || !reply.has_association || !update_lease(reply)) {
        // Section 18.2.10.1: a binding that the server does not know, or none: from the beginning. A lease
        // that stands is used until it ends; other troubles are left to the next attempt.
        if (lease_ && lease_->count > 0 && reply.address_status != wire::kDhcpv6NoBinding) return true;
        lose_lease();
        named_count_ = 0;
        begin(now, State::kSoliciting);
        deadline_ =
            now + kSolicit.first;  // not at once: a server that refuses everything is not to be flooded
        return true;
    }
    set_timers(reply);
    server_ = reply.server;
    state_ = State::kBound;
    deadline_ = lease_->renewal;
    ++changes_;
    take_dns(reply);
    return true;
}

// Section 18.2.10.1: addresses are added, given other times, or (a valid lifetime of zero) taken away; one
// that the reply does not name stays until its time is over. False: the reply grants none.
bool ClientV6::update_lease(const Dhcpv6Reply& reply) {
    LeaseV6 lease = lease_.value_or(LeaseV6{});
    bool granted = false;
    for (const Dhcpv6Reply::Address& told : reply.offered()) {
        const std::size_t at = lease.index_of(told.address);
        if (told.valid_seconds == 0) {
            if (at < lease.count) lease.addresses[at] = lease.addresses[--lease.count];
            continue;
        }
        if (at == lease.addresses.size()) continue;
        if (at == lease.count) ++lease.count;
        const std::uint32_t valid = std::max(told.valid_seconds, kShortestLease);
        const std::uint32_t preferred = std::max(std::min(told.preferred_seconds, valid), kShortestLease / 2);
        lease.addresses[at] = {told.address, after(began_, preferred), after(began_, valid)};
        granted = true;
    }
    if (lease_ && lease_->count != lease.count) ++changes_;
    if (lease.count > 0 || lease_) lease_ = lease;
    return granted;
}

// Section 21.4: 0.5 and 0.8 of the shortest preferred lifetime where the server leaves it to us; in order, or
// not believed.
void ClientV6::set_timers(const Dhcpv6Reply& reply) {
    std::uint32_t valid = kForEver, preferred = kForEver;
    for (const Dhcpv6Reply::Address& told : reply.offered()) {
        if (told.valid_seconds == 0) continue;
        valid = std::min(valid, std::max(told.valid_seconds, kShortestLease));
        preferred = std::min(preferred, std::max(told.preferred_seconds, kShortestLease / 2));
    }
    std::uint32_t renewal = reply.renewal_seconds, rebinding = reply.rebinding_seconds;
    if (rebinding == 0 || rebinding >= valid)
        rebinding = preferred == kForEver ? kForEver : preferred / 5 * 4;
    if (renewal == 0 || renewal >= rebinding) renewal = preferred == kForEver ? kForEver : preferred / 2;
    renewal = std::min(std::max(renewal, kShortestLease / 4), rebinding);
    lease_->renewal = after(began_, renewal);
    lease_->rebinding = after(began_, rebinding);
}

void ClientV6::end_decline(Instant now) {
    named_count_ = 0;
    if (!lease_) return begin(now, State::kSoliciting);
    state_ = State::kBound;
    deadline_ = lease_->renewal;
}

void ClientV6::take_dns(const Dhcpv6Reply& reply) {
    const std::span<const IpAddress> told(reply.dns.data(), reply.dns_count);
    if (std::equal(told.begin(), told.end(), dns().begin(), dns().end()) && search_ == reply.search) return;
    search_ = reply.search;
    std::copy(told.begin(), told.end(), dns_.begin());
    dns_count_ = told.size();
    ++changes_;
}

void ClientV6::lose_lease() {
    if (!lease_) return;
    lease_.reset();
    ++changes_;
}

void ClientV6::decline(Instant now, const IpAddress& address) {
    if (!lease_ || !lease_->has(address)) return;
    named_[0] = address;
    named_count_ = 1;
    lease_->addresses[lease_->index_of(address)] = lease_->addresses[--lease_->count];
    ++changes_;
    if (lease_->count == 0) lose_lease();
    begin(now, State::kDeclining);
}

}  // namespace holm::net::dhcp

#include "services/dns/server.h"

#include <algorithm>
#include <cstring>

#include "net/wire/dns.h"
#include "services/dns/answer_maker.h"
#include "services/dns/message_writer.h"

namespace holm::dns {

using net::wire::DnsHeader;

namespace {

// Why a query is not answered (RFC 8914, section 4); what has no number there is not told.
enum class Reason : std::uint16_t {
    kProhibited = 18,
    kNotAuthoritative = 20,
    kNotSupported = 21,
    kNone = 0xffff
};

}  // namespace

struct Server::Verdict {
    Code code = Code::kNoError;
    bool authoritative = false;
    bool truncated = false;
    std::uint64_t kind = 0;  // for the rate limit
    const table::Zone* transfer = nullptr;
    Reason reason = Reason::kNone;
};

Server::Server(const ZoneTable& table, const SipHashKey& key)
    : table_(table), cookies_(key), limit_(table.header().rate, table.header().slip, {key.high, key.low}) {}

void Server::look_ahead(std::span<const Bytes> messages) {
    const auto all = std::span(ahead_).first(messages.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        Asked& asked = all[i];
        asked.message = messages[i];
        asked.outcome = asked.query.parse(asked.message);
        asked.zone = nullptr;
        const bool is_query =
            asked.outcome == Query::Outcome::kQuery || asked.outcome == Query::Outcome::kSigned;
        if (!is_query || asked.query.question.empty()) continue;
        asked.zone = table_.find_zone(asked.query.name, asked.label);
        if (asked.zone != nullptr) table_.fetch_slot(*asked.zone, asked.query.name);
    }
    if (all.size() == 1) return;  // nothing else is to be done until it is there
    for (const Asked& asked : all)
        if (asked.zone != nullptr) table_.fetch_node(*asked.zone, asked.query.name);
}

Server::Reply Server::answer(Instant now, std::uint64_t unix_time, const Client& client, std::size_t index,
                             MutableBytes out) {
    ++counters_.queries;
    asked_ = &ahead_[index];
    switch (asked_->outcome) {
        case Query::Outcome::kQuery:
            return answer_query(now, unix_time, client, out);
        case Query::Outcome::kSigned:
            return answer_signed(now, unix_time, client, asked_->message, out);
        case Query::Outcome::kNotQuery:
            ++counters_.not_queries;
            return {};
        case Query::Outcome::kMalformed:
            return answer_malformed(now, client, Code::kFormatError, out);
        case Query::Outcome::kUnsupported:
            return answer_malformed(now, client, Code::kNotImplemented, out);
    }
    return {};
}

// What could be read of it is not repeated.
Server::Reply Server::answer_malformed(Instant now, const Client& client, Code code, MutableBytes out) {
    ++(code == Code::kNotImplemented ? counters_.unsupported : counters_.malformed);
    asked_->query.edns.reset();
    MessageWriter writer(out, {}, 0);
    if (client.transport == Transport::kDatagram &&
        limit_.judge(now, client.address, ~std::uint64_t{0}) != RateLimit::Verdict::kAnswer) {
        ++counters_.rate_dropped;
        return {};
    }
    return finish(writer, code, {});
}

// How much a client takes at once.
std::size_t Server::room_for(const Client& client, std::size_t available) const {
    std::size_t room = kMaximumMessage;
    if (client.transport == Transport::kDatagram) {
        room = kMinimumUdp;
        if (asked_->query.edns)
            room =
                std::clamp<std::size_t>(asked_->query.edns->udp_size, kMinimumUdp, table_.header().udp_size);
    }
    return std::min(room, available);
}

Server::Reply Server::answer_query(Instant now, std::uint64_t unix_time, const Client& client,
                                   MutableBytes out) {
    const bool is_datagram = client.transport == Transport::kDatagram;
    const std::size_t room = room_for(client, out.size());
    MessageWriter writer(out, asked_->query.question,
                         asked_->query.question.empty() ? 0 : asked_->query.name.size());
    OptRecord options;
    bool has_good_cookie = false;
    Verdict verdict;
    if (asked_->query.edns) {
        if (asked_->query.edns->cookie.size() > CookieMaker::kClientSize &&
            (table_.header().flags & table::kCookies) != 0) {
            has_good_cookie = cookies_.is_good(asked_->query.edns->cookie, client.address,
                                               static_cast<std::uint32_t>(unix_time));
            if (!has_good_cookie) ++counters_.bad_cookies;
        }
        // RFC 6891, section 6.1.3.
        if (asked_->query.edns->version != 0) {
            verdict.code = Code::kBadVersion;
            ++counters_.bad_versions;
        }
        put_options(options, client, unix_time, verdict.code, room - writer.size());
    }
    writer.limit(room - std::min(room, options.size()));
    if (verdict.code == Code::kNoError && !asked_->query.question.empty()) verdict = decide(client, writer);
    if (verdict.reason != Reason::kNone && asked_->query.edns &&
        options.size() + OptRecord::kNumberSize <= room - writer.size())
        options.add_number(OptRecord::kReason, static_cast<std::uint16_t>(verdict.reason));

    // Who has shown a cookie receives what is sent to it, and so does who speaks TCP.
    if (is_datagram && !has_good_cookie) {
        switch (limit_.judge(now, client.address, verdict.kind ^ static_cast<std::uint64_t>(verdict.code))) {
            case RateLimit::Verdict::kAnswer:
                break;
            case RateLimit::Verdict::kDrop:
                ++counters_.rate_dropped;
                return {};
            case RateLimit::Verdict::kTruncate:
                ++counters_.rate_slipped;
                verdict.truncated = true;
                break;
        }
    }
    if (verdict.truncated) {
        ++counters_.truncated;
        writer.clear_records();
    }
    return finish(writer, verdict, options.bytes());
}

Server::Reply Server::finish(MessageWriter& writer, Code code, Bytes options) {
    return finish(writer, Verdict{code}, options);
}

Server::Reply Server::finish(MessageWriter& writer, const Verdict& verdict, Bytes options) {
    // CD is cleared (RFC 4035, section 3.1.6), RD is repeated.
    const std::uint16_t repeated =
        asked_->query.flags & (DnsHeader::kOperation | DnsHeader::kRecursionDesired);
    std::uint16_t flags =
        DnsHeader::kResponse | repeated | (static_cast<std::uint16_t>(verdict.code) & DnsHeader::kCode);
    if (verdict.authoritative) flags |= DnsHeader::kAuthoritative;
    if (verdict.truncated) flags |= DnsHeader::kTruncated;
    writer.limit(kMaximumMessage);
    if (!options.empty()) writer.add_whole(Section::kAdditional, options);
    writer.finish(asked_->query.id, flags);
    ++counters_.answers;
    if (verdict.code == Code::kNameError) ++counters_.name_errors;
    if (verdict.code == Code::kRefused) ++counters_.refused;
    return {writer.size(), verdict.transfer};
}

Server::Verdict Server::decide(const Client& client, MessageWriter& writer) {
    if (asked_->query.operation() == Operation::kNotify)
        return {Code::kNotAuthoritative};  // nobody is our primary
    if (asked_->query.kind == kind::kChaos) return decide_chaos(writer);
    if (asked_->query.kind != kind::kInternet) return {Code::kRefused};
    std::size_t label = asked_->label;
    const table::Zone* zone = asked_->zone;
    if (zone == nullptr) return {.code = Code::kRefused, .reason = Reason::kNotAuthoritative};
    // DS records are the parent's (RFC 4035, section 3.1.4.1), if we have that too.
    if (asked_->query.type == type::kDs && label == 0 && asked_->query.name.labels() > 0) {
        std::size_t above = 0;
        if (const table::Zone* parent = table_.find_zone(asked_->query.name, above, true)) {
            zone = parent;
            label = above;
        }
    }
    switch (asked_->query.type) {
        case type::kAxfr:
        case type::kIxfr:
            if (label != 0) return {Code::kNotAuthoritative};
            return decide_transfer(client, *zone, writer);
        case type::kOpt:
        case type::kTsig:
            return {Code::kFormatError};
        case type::kMaila:
        case type::kMailb:
            return {.code = Code::kNotImplemented, .reason = Reason::kNotSupported};
        default:
            break;
    }
    writer.set_apex(asked_->query.name.size() - asked_->query.name.offset(label));
    AnswerMaker maker(table_, *zone, writer, asked_->query.edns && asked_->query.edns->wants_dnssec);
    Verdict verdict;
    verdict.code = maker.make(asked_->query.name, asked_->query.type);
    verdict.authoritative = maker.is_authoritative();
    verdict.truncated = maker.is_truncated();
    verdict.kind = maker.kind();
    return verdict;
}

Server::Verdict Server::decide_transfer(const Client& client, const table::Zone& zone,
                                        MessageWriter& writer) {
    writer.set_apex(asked_->query.name.size());
    if (client.transport == Transport::kDatagram) {
        // RFC 1995, section 2: by UDP the current SOA record says that TCP is needed; AXFR is not for UDP
        // (RFC 5936, section 4.2).
        return asked_->query.type == type::kAxfr ? Verdict{Code::kFormatError}
                                                 : current_version(zone, writer);
    }
    const std::uint16_t key = asked_->query.signature ? transaction_->key() : 0;
    if (!is_listed(table_.array<table::Network>(zone.transfer), client.address, key)) {
        ++counters_.transfers_refused;
        return {.code = Code::kRefused, .reason = Reason::kProhibited};
    }
    // Who has this version, or a newer one (RFC 1982), is told so by the SOA record alone (RFC 1995,
    // section 2).
    if (asked_->query.type == type::kIxfr && asked_->query.serial &&
        static_cast<std::int32_t>(*asked_->query.serial - zone.serial) >= 0)
        return current_version(zone, writer);
    ++counters_.transfers;
    Verdict verdict;
    verdict.transfer = &zone;
    return verdict;
}

// The zone's SOA record, and nothing else.
Server::Verdict Server::current_version(const table::Zone& zone, MessageWriter& writer) {
    AnswerMaker maker(table_, zone, writer, false);
    const Code code = maker.make(asked_->query.name, type::kSoa);
    return {code, true, maker.is_truncated(), maker.kind()};
}

// Who we are (RFC 4892), if the operator wants that to be known.
Server::Verdict Server::decide_chaos(MessageWriter& writer) {
    const auto is = [&](std::string_view name) {
        return std::ranges::equal(asked_->query.name.lower(), as_bytes(name));
    };
    using namespace std::string_view_literals;
    table::Text text{};
    if (is("\7version\4bind\0"sv) || is("\7version\6server\0"sv)) {
        text = table_.header().version_text;
    } else if (is("\10hostname\4bind\0"sv) || is("\2id\6server\0"sv)) {
        text = table_.header().identity;
    }
    const Bytes answer = table_.text(text);
    if (answer.empty() || answer.size() > OptRecord::kMostIdentity) return {Code::kRefused};
    if (asked_->query.type != 16 && asked_->query.type != type::kAny)
        return {Code::kNoError, true};  // there is TXT only
    std::array<std::byte, 1 + OptRecord::kMostIdentity> data;
    data[0] = static_cast<std::byte>(answer.size());
    std::copy(answer.begin(), answer.end(), data.begin() + 1);
    const bool fits =
        writer.add_record(Section::kAnswer, {}, 16, kind::kChaos, 0, Bytes(data).first(1 + answer.size()));
    return {Code::kNoError, true, !fits};
}

void Server::put_options(OptRecord& record, const Client& client, std::uint64_t unix_time, Code code,
                         std::size_t room) const {
    const Edns& edns = *asked_->query.edns;
    record.begin(table_.header().udp_size, edns.wants_dnssec, code);
    if (!edns.cookie.empty() && (table_.header().flags & table::kCookies) != 0)
        record.add(OptRecord::kCookie,
                   cookies_.make(edns.cookie, client.address, static_cast<std::uint32_t>(unix_time)));
    // RFC 7828, section 3.3.2; by UDP it means nothing.
    if (edns.wants_timeout && client.transport == Transport::kStream && client.patience != 0)
        record.add_number(OptRecord::kTimeout, client.patience);
    const Bytes identity = table_.text(table_.header().identity);
    if (edns.wants_identity && !identity.empty() && identity.size() <= OptRecord::kMostIdentity &&
        record.size() + OptRecord::kOptionHead + identity.size() <= room)
        record.add(OptRecord::kIdentity, identity);
}

bool is_listed(std::span<const table::Network> list, const net::IpAddress& address, std::uint16_t key) {
    const auto& bytes = address.bytes();
    return std::ranges::any_of(list, [&](const table::Network& network) {
        if (network.key != 0 && network.key != key) return false;
        std::size_t bits = std::min<std::size_t>(network.prefix_length, 128);
        std::size_t whole = bits / 8;
        if (std::memcmp(bytes.data(), network.address, whole) != 0) return false;
        bits %= 8;
        return bits == 0 || ((bytes[whole] ^ network.address[whole]) >> (8 - bits)) == 0;
    });
}

}  // namespace holm::dns

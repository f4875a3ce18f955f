// How the server answers queries that are signed: signed as they were (RFC 8945, section 5.3).

#include "services/dns/message_writer.h"
#include "services/dns/server.h"

namespace holm::dns {

Server::Reply Server::answer_signed(Instant now, std::uint64_t unix_time, const Client& client, Bytes message,
                                    MutableBytes out) {
    transaction_.emplace(table_, message, *asked_->query.signature, unix_time);
    switch (transaction_->error()) {
        case TsigError::kNone:
            break;
        case TsigError::kMalformed:
            return answer_malformed(now, client, Code::kFormatError, out);
        case TsigError::kBadKey:
            ++counters_.bad_keys;
            return refuse_signature(now, unix_time, client, out);
        case TsigError::kBadSignature:
            ++counters_.bad_signatures;
            return refuse_signature(now, unix_time, client, out);
        case TsigError::kBadTime:
            ++counters_.bad_times;
            return refuse_signature(now, unix_time, client, out);
        case TsigError::kBadTruncation:
            ++counters_.bad_truncations;
            return refuse_signature(now, unix_time, client, out);
    }
    ++counters_.signed_queries;
    const std::size_t room = room_for(client, out.size());
    Reply reply = answer_query(now, unix_time, client, out.first(room - transaction_->size()));
    if (reply.size != 0 && reply.transfer == nullptr)
        reply.size = transaction_->sign(out, reply.size, unix_time);
    return reply;
}

// Section 5.3.2.
Server::Reply Server::refuse_signature(Instant now, std::uint64_t unix_time, const Client& client,
                                       MutableBytes out) {
    if (client.transport == Transport::kDatagram &&
        limit_.judge(now, client.address, ~std::uint64_t{0}) != RateLimit::Verdict::kAnswer) {
        ++counters_.rate_dropped;
        return {};
    }
    const std::size_t room = room_for(client, out.size());
    MessageWriter writer(out, asked_->query.question,
                         asked_->query.question.empty() ? 0 : asked_->query.name.size());
    OptRecord options;
    if (asked_->query.edns)
        put_options(options, client, unix_time, Code::kNotAuthoritative, room - writer.size());
    Reply reply = finish(writer, Code::kNotAuthoritative, options.bytes());
    // Names that nobody here knows may be too long.
    if (reply.size + transaction_->size() <= room)
        reply.size = transaction_->sign(out, reply.size, unix_time);
    return reply;
}

}  // namespace holm::dns

#pragma once

// An authoritative server, sans-I/O: a query in, an answer out, where the caller wants it. Nothing is
// allocated for an answer. What it knows is the table of the image; what changes are counters, cookies'
// secret and the rate limit.

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/address.h"
#include "services/dns/cookie.h"
#include "services/dns/opt_record.h"
#include "services/dns/query.h"
#include "services/dns/rate_limit.h"
#include "services/dns/table.h"
#include "services/dns/transaction.h"

namespace holm::dns {

struct ServerCounters {
    std::uint64_t queries = 0;  // messages that were looked at
    std::uint64_t answers = 0;  // sent, of any kind
    std::uint64_t name_errors = 0;
    std::uint64_t refused = 0;
    std::uint64_t malformed = 0;
    std::uint64_t unsupported = 0;   // operations that nobody here knows
    std::uint64_t bad_versions = 0;  // of EDNS
    std::uint64_t not_queries = 0;   // dropped: answers, and what is no message
    std::uint64_t truncated = 0;     // did not fit
    std::uint64_t rate_dropped = 0;  // response rate limit
    std::uint64_t rate_slipped = 0;  // the same, answered by a truncated message
    std::uint64_t bad_cookies = 0;
    std::uint64_t transfers = 0;
    std::uint64_t transfers_refused = 0;
    std::uint64_t signed_queries = 0;  // by who has a key of ours (RFC 8945)
    std::uint64_t bad_keys = 0;        // signed with another
    std::uint64_t bad_signatures = 0;
    std::uint64_t bad_times = 0;  // signed long ago, or by a clock that is wrong
    std::uint64_t bad_truncations = 0;
};

class Server {
  public:
    // The least room for an answer, by transport.
    static constexpr std::size_t kUdpRoom = 4096;
    static constexpr std::size_t kStreamRoom = kMaximumMessage;

    enum class Transport : std::uint8_t { kDatagram, kStream };
    struct Client {
        net::IpAddress address;
        Transport transport = Transport::kDatagram;
        std::uint16_t patience = 0;  // for its next query, in 100 ms, as a stream may ask; 0: it is not told
    };
    struct Reply {
        std::size_t size = 0;                   // 0: nothing is sent
        const table::Zone* transfer = nullptr;  // the whole zone is asked for, and may be had: see transfer.h
    };

    // The table must live as long. `key`: unpredictable.
    Server(const ZoneTable& table, const SipHashKey& key);

    // `unix_time` in seconds. Precondition: `out` has the room of the transport, and is not the message's.
    Reply answer(Instant now, std::uint64_t unix_time, const Client& client, Bytes message,
                 MutableBytes out) {
        look_ahead({&message, 1});
        return answer(now, unix_time, client, 0, out);
    }

    // The same for a few messages that are there together: while one is read, the memory that the answers to
    // others need is on its way. To be followed by answer() with the index of each, at most once; the
    // messages stay where they are until then.
    static constexpr std::size_t kMostAhead = 8;
    void look_ahead(std::span<const Bytes> messages);
    Reply answer(Instant now, std::uint64_t unix_time, const Client& client, std::size_t index,
                 MutableBytes out);

    // The one that was answered last: what a transfer begins with.
    const Query& query() const { return asked_->query; }
    // What signs the answers to it; null if it was not signed.
    const Transaction* transaction() const { return query().signature ? &*transaction_ : nullptr; }
    const ZoneTable& table() const { return table_; }
    const ServerCounters& counters() const { return counters_; }

  private:
    struct Verdict;
    Reply answer_query(Instant now, std::uint64_t unix_time, const Client& client, MutableBytes out);
    Reply answer_signed(Instant now, std::uint64_t unix_time, const Client& client, Bytes message,
                        MutableBytes out);
    Reply refuse_signature(Instant now, std::uint64_t unix_time, const Client& client, MutableBytes out);
    Reply answer_malformed(Instant now, const Client& client, Code code, MutableBytes out);
    std::size_t room_for(const Client& client, std::size_t available) const;
    Verdict decide(const Client& client, class MessageWriter& writer);
    Verdict decide_chaos(class MessageWriter& writer);
    Verdict current_version(const table::Zone& zone, class MessageWriter& writer);
    Verdict decide_transfer(const Client& client, const table::Zone& zone, class MessageWriter& writer);
    void put_options(OptRecord& record, const Client& client, std::uint64_t unix_time, Code code,
                     std::size_t room) const;
    Reply finish(MessageWriter& writer, Code code, Bytes options);
    Reply finish(MessageWriter& writer, const Verdict& verdict, Bytes options);

    struct Asked {
        Bytes message;
        Query query;
        Query::Outcome outcome = Query::Outcome::kNotQuery;
        // Where the name belongs, as ZoneTable::find_zone() says.
        const table::Zone* zone = nullptr;
        std::size_t label = 0;
    };

    const ZoneTable& table_;
    CookieMaker cookies_;
    RateLimit limit_;
    ServerCounters counters_;
    std::array<Asked, kMostAhead> ahead_;
    Asked* asked_ = ahead_.data();            // the one in hand
    std::optional<Transaction> transaction_;  // of the last query that was signed
};

// Whether somebody at this address, who has signed with this key (0: has not), is in the list.
bool is_listed(std::span<const table::Network> list, const net::IpAddress& address, std::uint16_t key);

}  // namespace holm::dns

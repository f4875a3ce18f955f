#pragma once

// A DHCP server for one interface (RFC 2131). It keeps what it has leased in memory: after a restart clients
// that ask for the address they had get it again, unless somebody else was quicker.
//
// Bounds: kMaximumLeases addresses of the pool, for which memory is taken as clients appear; kQueries a
// second are looked at. When the pool is used up, new clients hear nothing.

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/siphash.h"
#include "base/token_bucket.h"
#include "net/wire/dhcp_server.h"
#include "services/route/table.h"

namespace holm::route {

class DhcpServer {
  public:
    static constexpr std::size_t kMaximumLeases = 4096;
    static constexpr std::int64_t kQueries = 200;
    static constexpr Duration kOffer =
        Duration::seconds(60);  // an address is kept back for who was offered it
    static constexpr Duration kDeclined = Duration::minutes(30);  // and for nobody, once somebody else had it

    // `address`: the interface's own. The table outlives the server.
    DhcpServer(const DhcpServerRecord& record, const Table& table, const net::IpAddress& address,
               std::uint8_t prefix_length, const SipHashKey& key)
        : record_(record),
          hosts_(table.dhcp_hosts()),
          address_(address),
          prefix_length_(prefix_length),
          key_(key) {}

    // An answer, and where it goes: a broadcast, or `address` at `mac`.
    struct Answer {
        std::size_t size = 0;  // bytes written to `out`
        bool broadcast = true;
        net::IpAddress address;
        net::MacAddress mac;
    };
    // A message to the server's port. Precondition: out.size() >= DhcpAnswer::kMaximumSize.
    std::optional<Answer> receive(Instant now, Bytes message, MutableBytes out);

    // Addresses that clients use now.
    std::size_t leased(Instant now) const;

  private:
    // Addresses of the pool that are looked at for a free one: more than can be taken.
    static constexpr std::size_t kWindow = 2 * kMaximumLeases;

    enum class State : std::uint8_t { kFree, kOffered, kLeased, kDeclined };
    struct Lease {
        std::uint64_t client = 0;  // keyed hash of its identifier
        std::uint32_t address = 0;
        State state = State::kFree;
        Instant until;
    };

    std::uint64_t identify(const net::wire::DhcpQuery& query) const;
    Lease* lease_of(std::uint64_t client);
    Lease* lease_at(std::uint32_t address);
    bool in_pool(std::uint32_t address) const { return address >= record_.first && address <= record_.last; }
    std::optional<std::uint32_t> reserved_for(const net::MacAddress& mac) const;
    bool is_reserved(std::uint32_t address) const;
    // Whether this client may have this address now.
    bool may_have(Instant now, std::uint64_t client, const net::MacAddress& mac, std::uint32_t address);
    std::optional<std::uint32_t> choose(Instant now, std::uint64_t client, const net::wire::DhcpQuery& query);
    std::optional<std::uint32_t> any_free(Instant now, std::uint64_t client) const;
    // False: no memory, or too many.
    bool keep(Instant now, std::uint64_t client, std::uint32_t address, State state, Instant until);

    std::optional<Answer> offer(Instant now, std::uint64_t client, const net::wire::DhcpQuery& query,
                                MutableBytes out);
    std::optional<Answer> grant(Instant now, std::uint64_t client, const net::wire::DhcpQuery& query,
                                MutableBytes out);
    Answer answer(const net::wire::DhcpQuery& query, net::wire::DhcpType type, std::uint32_t address,
                  MutableBytes out) const;

    DhcpServerRecord record_;
    Table::Records<DhcpHostRecord> hosts_;
    net::IpAddress address_;
    std::uint8_t prefix_length_;
    SipHashKey key_;
    TokenBucket queries_{kQueries, kQueries};
    std::unique_ptr<Lease[]> leases_;
    std::size_t room_ = 0;
    std::size_t count_ = 0;
};

}  // namespace holm::route

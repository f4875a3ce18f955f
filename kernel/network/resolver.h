#pragma once

// Names become addresses: a stub resolver (RFC 1034, section 5.3.1) over the stack's own sockets. Both
// families are asked at once, several servers in turn, over TCP what does not fit a datagram; answers are
// kept as long as they are good. Who forges an answer must guess the port, the id and the case of each
// letter.

#include <array>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/siphash.h"
#include "kernel/task/task.h"
#include "net/resolve/cache.h"
#include "net/resolve/search.h"
#include "net/stack.h"

namespace holm {

// Best first (RFC 6724).
struct ResolvedAddresses {
    static constexpr std::size_t kCapacity = 2 * net::resolve::Answer::kAddresses;
    std::array<net::IpAddress, kCapacity> addresses;
    std::size_t count = 0;

    std::span<const net::IpAddress> all() const { return {addresses.data(), count}; }
    void add(const net::IpAddress& address) {
        if (count < kCapacity) addresses[count++] = address;
    }
};

class Resolver {
  public:
    struct Configuration {
        std::array<net::IpAddress, 4> servers{};  // unspecified: none
        net::resolve::SearchList search;
        // The list is what DHCP and routers say, instead.
        bool search_from_network = false;
        std::uint16_t port = 53;
        int attempts = 2;                          // rounds through all servers
        Duration patience = Duration::seconds(2);  // for one answer of one server
    };
    struct Counters {
        std::uint64_t asked = 0;    // servers that a question was sent to
        std::uint64_t ignored = 0;  // datagrams from a server's address that answer nothing
        std::uint64_t streams = 0;  // questions that went over TCP
        std::uint64_t failed = 0;   // questions that no server has answered
    };
    enum class Families : std::uint8_t { kBoth, kV4, kV6 };
    // Datagrams that are no answer: after so many somebody is guessing, and the question goes over TCP.
    static constexpr int kStrangers = 16;

    Resolver(net::Stack& stack, const SipHashKey& key) : stack_(stack), random_(key) {}
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    void configure(const Configuration& configuration) { configuration_ = configuration; }
    const Configuration& configuration() const { return configuration_; }
    const Counters& counters() const { return counters_; }

    // An address as text, "localhost" (RFC 6761), or a name; one without dots is tried in the search list.
    // The text must live as long as the task. Errors: kInvalid for what is no name, kNotFound, kNoData when
    // it has no address of these families, kNetworkUnreachable when no server is known, kTimedOut, and what
    // servers or the network caused.
    Task<Result<ResolvedAddresses>> resolve(std::string_view name, Families families = Families::kBoth);

    // One question, through the cache. Errors: kTimedOut and the like; what a server knows is an answer, even
    // if that is that there is nothing.
    Task<Result<net::resolve::Answer>> ask(net::resolve::DomainName name, net::resolve::RecordType type);

  private:
    Task<Result<net::resolve::Answer>> exchange(net::IpAddress server, net::resolve::Question question);
    Task<Result<net::resolve::Answer>> exchange_stream(net::IpAddress server,
                                                       net::resolve::Question question);
    Task<Result<ResolvedAddresses>> look_up(net::resolve::DomainName name, Families families);
    void sort(ResolvedAddresses& found) const;

    net::Stack& stack_;
    KeyedRandom random_;
    Configuration configuration_;
    Counters counters_;
    net::resolve::AnswerCache cache_;
};

}  // namespace holm

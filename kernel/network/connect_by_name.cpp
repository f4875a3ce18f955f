#include "kernel/network/connect_by_name.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kernel/task/deadline.h"
#include "kernel/task/event.h"
#include "kernel/task/scope.h"

namespace holm {

namespace {

// What the tasks of one connection attempt share; they live in a scope that is inside of it.
struct Race {
    net::Stack& stack;
    Resolver& resolver;
    std::string_view host;
    std::uint16_t port;
    Instant deadline;

    ResolvedAddresses untried;  // each family best first
    Event news;                 // an address, a failure or a connection
    bool v6_known = false;
    bool v4_known = false;
    int running = 0;
    bool failed_lately = false;
    Error last{ErrorCode::kHostUnreachable, "no address could be connected to"};
    std::optional<TcpStream> winner;

    // The next address to try: of the other family than the last one if there is one (section 4).
    net::IpAddress take(std::optional<bool> last_was_v4) {
        const auto begin = untried.addresses.begin(), end = begin + std::ptrdiff_t(untried.count);
        auto chosen = std::find_if(begin, end, [&](const net::IpAddress& address) {
            return last_was_v4 && address.is_v4() != *last_was_v4;
        });
        if (chosen == end) chosen = begin;
        const net::IpAddress address = *chosen;
        std::copy(chosen + 1, end, chosen);
        --untried.count;
        return address;
    }
};

Task<> look_up(Race& race, Resolver::Families family) {
    const auto found = co_await race.resolver.resolve(race.host, family);
    const bool v6 = family == Resolver::Families::kV6;
    if (found) {
        // IPv6 in front: it is what section 3 prefers, and what of it cannot be reached fails at once.
        ResolvedAddresses merged = v6 ? *found : race.untried;
        for (const net::IpAddress& address : (v6 ? race.untried : *found).all()) merged.add(address);
        race.untried = merged;
    } else {
        race.last = found.error();
    }
    (v6 ? race.v6_known : race.v4_known) = true;
    race.news.set();
}

Task<> attempt(Race& race, net::IpAddress address) {
    const auto run = [](Race& all, net::IpAddress remote) -> Task<Result<TcpStream>> {
        auto connection = CO_TRY(all.stack.tcp().connect(executor().now(), net::Endpoint{remote, all.port}));
        auto stream = CO_TRY(TcpStream::create(std::move(connection)));
        CO_TRY(co_await stream.connected(all.deadline));
        co_return stream;
    };
    auto stream = co_await run(race, address);
    --race.running;
    if (!stream) {
        race.last = stream.error();
        race.failed_lately = true;
    } else if (!race.winner) {
        race.winner = *std::move(stream);
    }
    race.news.set();
}

Task<> news_of(Race& race) {
    co_await race.news.wait();
}

}  // namespace

Task<Result<TcpStream>> connect_by_name(net::Stack& stack, Resolver& resolver, std::string_view host,
                                        std::uint16_t port, Instant deadline) {
    Race race{stack, resolver, host, port, deadline};
    Scope scope;
    if (!scope.start(look_up(race, Resolver::Families::kV6), "resolve") ||
        !scope.start(look_up(race, Resolver::Families::kV4), "resolve"))
        co_return fail(ErrorCode::kOutOfMemory, "no memory to resolve a name");
    std::optional<bool> last_was_v4;
    Instant next_attempt =
        Instant::never();  // not before an address is known, and its family's turn has come
    while (!race.winner) {
        const bool known = race.v6_known && race.v4_known;
        if (race.untried.count == 0 && race.running == 0 && known) co_return std::unexpected(race.last);
        const Instant now = executor().now();
        if (now >= deadline) co_return fail(ErrorCode::kTimedOut, "the deadline has passed");
        const bool first = !last_was_v4;
        if (first && race.untried.count > 0 && next_attempt.is_never())
            next_attempt = race.v6_known ? now : now + kResolutionDelay;
        if (first && race.v6_known) next_attempt = std::min(next_attempt, now);
        // A failure makes the next address due at once.
        if (!first && (std::exchange(race.failed_lately, false) || race.running == 0)) next_attempt = now;
        if (race.untried.count > 0 && now >= next_attempt) {
            const net::IpAddress address = race.take(last_was_v4);
            last_was_v4 = address.is_v4();
            ++race.running;
            next_attempt = now + kAttemptDelay;
            if (!scope.start(attempt(race, address), "connect"))
                co_return fail(ErrorCode::kOutOfMemory, "no memory to connect");
        }
        race.news.reset();
        const Instant wake = race.untried.count > 0 ? std::min(next_attempt, deadline) : deadline;
        if (wake.is_never())
            co_await race.news.wait();
        else
            (void)co_await with_deadline(wake, news_of(race));
    }
    scope.cancel();
    co_return *std::move(race.winner);
}

}  // namespace holm

#include "kernel/network/resolver.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>

#include "base/network_order.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/network/udp_socket.h"
#include "kernel/task/deadline.h"
#include "kernel/task/scope.h"
#include "net/address_text.h"
#include "net/ip/address_selection.h"

namespace holm {

using net::resolve::Answer;
using net::resolve::DomainName;
using net::resolve::Question;
using net::resolve::RecordType;

namespace {

bool wants(Resolver::Families families, const net::IpAddress& address) {
    if (families == Resolver::Families::kBoth) return true;
    return address.is_v4() == (families == Resolver::Families::kV4);
}

bool is_localhost(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    constexpr std::string_view kLocalhost = "localhost";
    if (name.size() < kLocalhost.size()) return false;
    const std::string_view end = name.substr(name.size() - kLocalhost.size());
    const bool same = std::equal(end.begin(), end.end(), kLocalhost.begin(),
                                 [](char a, char b) { return (a | 0x20) == b; });
    return same && (end.size() == name.size() || name[name.size() - end.size() - 1] == '.');
}

}  // namespace

Task<Result<Answer>> Resolver::exchange_stream(net::IpAddress server, Question question) {
    ++counters_.streams;
    const Instant deadline = executor().now() + configuration_.patience * 2;
    auto connection =
        CO_TRY(stack_.tcp().connect(executor().now(), net::Endpoint{server, configuration_.port}));
    auto stream = CO_TRY(TcpStream::create(std::move(connection)));
    CO_TRY(co_await stream.connected(deadline));
    std::byte bytes[2 + Question::kMaximumSize];
    const std::size_t size = question.emit(MutableBytes(bytes).subspan(2));
    bytes[0] = std::byte(size >> 8);
    bytes[1] = std::byte(size);
    CO_TRY(co_await stream.send(Bytes(bytes).first(2 + size), deadline));

    // A length in front (RFC 1035, section 4.2.2), then so many bytes.
    std::byte length[2];
    std::size_t have = 0, wanted = sizeof(length);
    std::unique_ptr<std::byte[]> message;
    for (;;) {
        const Bytes arrived = CO_TRY(co_await stream.receive(deadline));
        if (arrived.empty()) co_return fail(ErrorCode::kConnectionReset, "the DNS server has hung up");
        const Bytes taken = arrived.first(std::min(arrived.size(), wanted - have));
        std::copy(taken.begin(), taken.end(), (message ? message.get() : length) + have);
        have += taken.size();
        stream.consume(taken.size());
        if (have < wanted) continue;
        if (message) break;
        wanted = std::to_integer<std::size_t>(length[0]) << 8 | std::to_integer<std::size_t>(length[1]);
        have = 0;
        message.reset(new (std::nothrow) std::byte[wanted + 1]);
        if (!message) co_return fail(ErrorCode::kOutOfMemory, "no memory for a DNS answer");
        if (wanted == 0) break;
    }
    const auto answer = parse_answer(question, Bytes(message.get(), wanted));
    if (!answer || answer->status == Answer::Status::kTruncated)
        co_return fail(ErrorCode::kBadMessage, "the DNS server's answer makes no sense");
    co_return *answer;
}

Task<Result<Answer>> Resolver::exchange(net::IpAddress server, Question question) {
    ++counters_.asked;
    {
        // A socket of its own for each question: its port is another one each time.
        auto open = CO_TRY(stack_.udp().open());
        auto socket = CO_TRY(UdpSocket::create(std::move(open)));
        CO_TRY(socket.connect({server, configuration_.port}));
        const Instant deadline = executor().now() + configuration_.patience;
        std::byte bytes[Question::kMaximumSize];
        const std::size_t size = question.emit(bytes);
        CO_TRY(co_await socket.send(Bytes(bytes).first(size), deadline));
        for (int strangers = 0; strangers < kStrangers; ++strangers) {
            const auto datagram = CO_TRY(co_await socket.receive(deadline));
            const auto answer = parse_answer(question, datagram.payload);
            if (!answer) {
                ++counters_.ignored;
                continue;
            }
            if (answer->status != Answer::Status::kTruncated) co_return *answer;
            break;
        }
    }
    co_return co_await exchange_stream(server, question);
}

Task<Result<Answer>> Resolver::ask(DomainName name, RecordType type) {
    if (const Answer* known = cache_.find(executor().now(), name, type)) co_return *known;
    Error last{ErrorCode::kNetworkUnreachable, "no DNS server is known"};
    for (int attempt = 0; attempt < configuration_.attempts; ++attempt) {
        for (const net::IpAddress server : configuration_.servers) {
            if (server.is_unspecified()) continue;
            Question question{.id = std::uint16_t(random_.next()), .name = name, .type = type};
            // Some servers do not give the letters back as they came: the second round asks plainly.
            if (attempt == 0) question.name.mix_case(random_.next());
            auto answer = co_await exchange(server, question);
            if (answer && answer->status == Answer::Status::kNotEdns) {
                question.edns = false;
                question.id = std::uint16_t(random_.next());
                answer = co_await exchange(server, question);
            }
            if (!answer) {
                last = answer.error();
            } else if (answer->status == Answer::Status::kFailure ||
                       answer->status == Answer::Status::kNotEdns) {
                last = {ErrorCode::kConnectionRefused, "the DNS server refuses or fails"};
            } else {
                cache_.add(executor().now(), name, type, *answer);
                co_return *answer;
            }
        }
    }
    ++counters_.failed;
    co_return std::unexpected(last);
}

Task<Result<ResolvedAddresses>> Resolver::look_up(DomainName name, Families families) {
    std::optional<Result<Answer>> answers[2];
    {
        Scope scope;
        const auto start = [&](std::size_t index, RecordType type) {
            return scope.start(
                [](Resolver& self, DomainName asked, RecordType kind, std::optional<Result<Answer>>& to)
                    -> Task<> { to = co_await self.ask(asked, kind); }(*this, name, type, answers[index]),
                "resolve");
        };
        bool started = true;
        if (families != Families::kV4) started = start(0, RecordType::kAaaa);
        if (families != Families::kV6) started = start(1, RecordType::kA) && started;
        if (!started) co_return fail(ErrorCode::kOutOfMemory, "no memory to resolve a name");
        CO_TRY(co_await scope.join());
    }
    ResolvedAddresses found;
    std::optional<Error> failure;
    bool exists = false;
    for (const auto& answer : answers) {
        if (!answer) continue;
        if (!*answer) {
            failure = answer->error();
            continue;
        }
        exists |= (*answer)->status != Answer::Status::kNoName;
        for (std::size_t i = 0; i < (*answer)->count; ++i) found.add((*answer)->addresses[i]);
    }
    if (found.count > 0) co_return found;
    if (failure) co_return std::unexpected(*failure);
    if (exists) co_return fail(ErrorCode::kNoData, "the name has no address of this kind");
    co_return fail(ErrorCode::kNotFound, "there is no such name");
}

Task<Result<ResolvedAddresses>> Resolver::resolve(std::string_view text, Families families) {
    ResolvedAddresses found;
    if (const auto literal = net::parse_address(text)) {
        if (!wants(families, *literal))
            co_return fail(ErrorCode::kNoData, "the address is of the other family");
        found.add(*literal);
        co_return found;
    }
    if (is_localhost(text)) {
        for (const net::IpAddress& own : {net::IpAddress::loopback_v6(), net::IpAddress::v4(127, 0, 0, 1)})
            if (wants(families, own)) found.add(own);
        co_return found;
    }
    const auto name = DomainName::parse(text);
    if (!name) co_return fail(ErrorCode::kInvalid, "this is no name of a host");
    std::optional<Error> first;
    for (std::size_t turn = 0;; ++turn) {
        const auto candidate = configuration_.search.candidate(*name, text.ends_with('.'), turn);
        if (!candidate) break;
        auto addresses = co_await look_up(*candidate, families);
        if (addresses) {
            sort(*addresses);
            co_return addresses;
        }
        // That a name exists without addresses, or that nobody could say, is better known than that there is
        // none in some other domain.
        if (!first || first->code == ErrorCode::kNotFound) first = addresses.error();
    }
    co_return std::unexpected(first.value_or(Error{ErrorCode::kNotFound, "there is no such name"}));
}

void Resolver::sort(ResolvedAddresses& found) const {
    std::array<net::ip::Reach, ResolvedAddresses::kCapacity> reaches;
    for (std::size_t i = 0; i < found.count; ++i) {
        const auto route = stack_.ip().route(found.addresses[i], {});
        reaches[i] = {found.addresses[i], route ? std::optional(route->source) : std::nullopt};
    }
    net::ip::sort_destinations(std::span(reaches).first(found.count));
    for (std::size_t i = 0; i < found.count; ++i) found.addresses[i] = reaches[i].destination;
}

}  // namespace holm

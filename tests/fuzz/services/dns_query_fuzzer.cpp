// Queries as anybody may send them: the answer fits, repeats the id, and can be taken apart again.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "net/resolve/name.h"
#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/server.h"
#include "tests/support/dns/signed_zones.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

namespace {

// Names and lengths of all records must lead exactly to the end.
void check(Bytes message) {
    const auto header = net::wire::load<net::wire::DnsHeader>(message);
    std::size_t at = sizeof(header);
    const auto skip = [&] {
        if (!net::resolve::DomainName::read(message, at, at)) std::abort();
    };
    for (unsigned i = 0; i < header.questions; ++i) {
        skip();
        at += sizeof(net::wire::DnsQuestionTail);
    }
    for (unsigned i = header.answers + header.authorities + header.additionals; i > 0; --i) {
        skip();
        if (message.size() - at < sizeof(net::wire::DnsRecordTail)) std::abort();
        at += sizeof(net::wire::DnsRecordTail) +
              net::wire::load<net::wire::DnsRecordTail>(message.subspan(at)).size;
        if (at > message.size()) std::abort();
    }
    if (at != message.size()) std::abort();
}

constexpr std::uint64_t kNow = 1'000'000;

// By UDP, and by TCP: the last answer, empty if there is none.
std::string ask(Server& server, Bytes message) {
    std::string answer;
    for (const auto transport : {Server::Transport::kDatagram, Server::Transport::kStream}) {
        // As much room as there is said to be, so that the sanitizer sees a byte too many.
        const std::size_t room =
            transport == Server::Transport::kDatagram ? Server::kUdpRoom : Server::kStreamRoom;
        const std::unique_ptr<std::byte[]> out(new std::byte[room]);
        const auto reply = server.answer(Instant(), kNow, {net::IpAddress::v4(192, 0, 2, 99), transport},
                                         message, {out.get(), room});
        answer = as_text({out.get(), reply.size});
        if (reply.size == 0) continue;
        if (reply.size < 12 || reply.size > room ||
            (transport == Server::Transport::kDatagram && reply.size > 1232))
            std::abort();
        if (out[0] != message[0] || out[1] != message[1] || (out[2] & std::byte{0x80}) == std::byte{0})
            std::abort();
        check({out.get(), reply.size});
    }
    return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string bytes = [] {
        ServerSettings settings;
        settings.rate = 0;
        settings.version_text = "holm";
        settings.identity = "fuzzed";
        settings.keys = {{*parse_name("a.key", WireName(1, '\0')), std::string(16, 's')}};
        return compile_zones({{"z.test", std::string(kSmallZone)},
                              {"n.test", nsec_zone()},
                              {"h.test", nsec3_zone("h.test")},
                              {"child.z.test", "@ 60 SOA a a 1 1 1 1 1\n@ NS a.b.\n"}},
                             settings)
            .table;
    }();
    static PlacedTable placed(bytes);
    static const ZoneTable table = *ZoneTable::create(placed.bytes());
    static Server server(table, {1, 2});
    const Bytes message(reinterpret_cast<const std::byte*>(data), size);
    ask(server, message);
    // And as somebody who has the key sends it.
    if (size < sizeof(net::wire::DnsHeader) || size + Transaction::kMostRoom > kMaximumMessage) return 0;
    Transaction transaction(table, 1);
    const std::unique_ptr<std::byte[]> room(new std::byte[size + Transaction::kMostRoom]);
    std::ranges::copy(message, room.get());
    const std::size_t with = transaction.sign({room.get(), size + Transaction::kMostRoom}, size, kNow);
    const std::uint64_t before = server.counters().signed_queries;
    const std::string answer = ask(server, {room.get(), with});
    if (server.counters().signed_queries != before && !transaction.is_answered_by(as_bytes(answer), kNow))
        std::abort();
    return 0;
}

// A table that was spoiled: wrong answers or none, but never a read or write outside. The input is a list of
// changes, four bytes of place and one of value each.

#include <cstdint>
#include <cstring>
#include <string>

#include "services/dns/server.h"
#include "services/dns/transfer.h"
#include "tests/support/dns/signed_zones.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string bytes = [] {
        table::Network anyone{};
        ServerSettings settings;
        settings.keys = {{*parse_name("a.key", WireName(1, '\0')), std::string(16, 's')}};
        return compile_zones({{"z.test", std::string(kSmallZone)},
                              {"n.test", nsec_zone()},
                              {"h.test", nsec3_zone("h.test")}},
                             settings, {}, {anyone})
            .table;
    }();
    PlacedTable placed(bytes);
    for (; size >= 5; data += 5, size -= 5) {
        std::uint32_t at;
        std::memcpy(&at, data, sizeof(at));
        placed.bytes()[at % bytes.size()] = static_cast<std::byte>(data[4]);
    }
    const auto table = ZoneTable::create(placed.bytes());
    if (!table) return 0;
    Server server(*table, {1, 2});
    const std::unique_ptr<std::byte[]> out(new std::byte[Server::kStreamRoom]);
    const MutableBytes room(out.get(), Server::kStreamRoom);
    const Server::Client anybody{net::IpAddress::v4(10, 0, 0, 1), Server::Transport::kStream};
    for (const char* name : {"z.test",
                             "www.z.test",
                             "mail.z.test",
                             "a.b.wild.z.test",
                             "q.renamed.z.test",
                             "w.child.z.test",
                             "loop.z.test",
                             "none.z.test",
                             "_s._tcp.z.test",
                             "n.test",
                             "none.n.test",
                             "www.n.test",
                             "a.wild.n.test",
                             "x.secure.n.test",
                             "x.insecure.ent.n.test",
                             "x.ent.n.test",
                             "h.test",
                             "none.h.test",
                             "www.h.test",
                             "a.wild.h.test",
                             "x.secure.h.test",
                             "x.insecure.ent.h.test",
                             "x.ent.h.test"}) {
        for (const int type : {1, 2, 15, 33, 46, 255, 252}) {
            std::string query("\0\0\0\0\0\1\0\0\0\0\0\1", 12);
            query += *parse_name(name, WireName(1, '\0'));
            query += {'\0', static_cast<char>(type), '\0', '\1'};
            query += std::string("\0\0\x29\x10\0\0\0\x80\0\0\0", 11);
            const auto reply = server.answer(Instant(), 0, anybody, as_bytes(query), room);
            if (reply.transfer == nullptr) continue;
            // Signed, if the key is still there.
            Transaction client(*table, 1);
            const std::size_t plain = query.size();
            query.resize(plain + Transaction::kMostRoom);
            const MutableBytes asked(reinterpret_cast<std::byte*>(query.data()), query.size());
            const auto again =
                server.answer(Instant(), 0, anybody, asked.first(client.sign(asked, plain, 0)), room);
            if (again.transfer == nullptr) continue;
            Transfer transfer(*table, *again.transfer, server.query(), server.transaction());
            // A zone that is all one loop of references would go on for ever: its nodes are counted, so it
            // does not.
            for (int i = 0; i < 100 && transfer.next(room, 0) != 0; ++i) {
            }
        }
    }
    return 0;
}

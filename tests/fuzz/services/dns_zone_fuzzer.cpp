// Zone files: whatever is accepted compiles, and each of its names gets an answer. A mistake has a place.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/dns/server.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    // It may include itself, and another file.
    const auto zones = compile_zones({{"z.test", text}}, {},
                                     {{"other", "other A 192.0.2.9\n$ORIGIN else.\nx A 192.0.2.8\n"}});
    for (const std::string& mistake : zones.mistakes) {
        if (!mistake.contains(": ")) std::abort();
    }
    if (!zones.mistakes.empty()) return 0;
    PlacedTable placed(zones.table);
    const auto table = ZoneTable::create(placed.bytes());
    if (!table) std::abort();
    Server server(*table, {1, 2});
    alignas(8) static std::byte out[Server::kStreamRoom];
    for (const std::uint32_t offset : table->array<std::uint32_t>(table->zones()[0].order)) {
        const NodeView node = table->node(offset);
        if (!node) std::abort();
        for (const std::uint16_t type : {std::uint16_t{1}, std::uint16_t{255},
                                         node.sets().empty() ? std::uint16_t{2} : node.sets()[0].type}) {
            std::string query("\0\0\0\0\0\1\0\0\0\0\0\0", 12);
            query += as_text(node.name());
            query += {static_cast<char>(type >> 8), static_cast<char>(type), '\0', '\1'};
            const auto reply =
                server.answer(Instant(), 0, {net::IpAddress::v4(127, 0, 0, 1), Server::Transport::kStream},
                              as_bytes(query), out);
            // Anything but the failure that only a spoiled table has.
            if (reply.size < query.size() || (std::to_integer<unsigned>(out[3]) & 15) == 2) std::abort();
        }
    }
    return 0;
}

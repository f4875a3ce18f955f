// The table as it lies in an image.

#include <cstddef>
#include <utility>

#include "services/dns/message_writer.h"
#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;

TEST_CASE("an RRset is the same where pointers do not reach, only longer") {
    std::string zone(kSmallZone);
    for (int i = 0; i < 20; ++i) zone += "ptr PTR host" + std::to_string(i) + ".far.away.test.\n";
    Fixture fixture(zone);
    NameKey name;
    const auto wire = *parse_name("ptr.z.test", WireName(1, '\0'));
    name.assign(as_bytes(wire));
    const NodeView node = fixture.table.find(fixture.table.zones()[0], name, 0);
    const SetView set = fixture.table.set(node.find(12)->set);
    alignas(8) static std::byte out[Server::kStreamRoom];
    MessageWriter writer(out, as_bytes(query("ptr.z.test", 12)).subspan(12), wire.size());
    writer.set_apex(8);
    REQUIRE(writer.add(Section::kAnswer, set, {}));
    const std::size_t compressed = writer.size();
    while (writer.size() < MessageWriter::kPointerRange) REQUIRE(writer.add(Section::kAnswer, set, {}));
    const std::size_t before = writer.size();
    REQUIRE(writer.add(Section::kAnswer, set, {}));
    // "far.away.test." stands in full 20 times: 15 bytes instead of 2, but for the first.
    CHECK(writer.size() - before == compressed - (12 + wire.size() + 4) + 19 * 13);
}

TEST_CASE("a table that is none is refused") {
    Fixture fixture;
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes().first(40)));
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes().first(fixture.placed.bytes().size() - 1)));
    const std::size_t udp_size = offsetof(table::Header, udp_size);
    const std::byte upper = std::exchange(fixture.placed.bytes()[udp_size + 1], std::byte{1});
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes()));  // fewer than 512 bytes
    fixture.placed.bytes()[udp_size + 1] = upper;
    CHECK(ZoneTable::create(fixture.placed.bytes()));
    fixture.placed.bytes()[0] = std::byte{'x'};
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes()));
}

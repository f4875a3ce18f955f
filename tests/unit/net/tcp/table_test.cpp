#include "net/tcp/table.h"

#include <deque>

#include <doctest/doctest.h>

namespace holm::net::tcp {
namespace {

struct FailingMemory final : Memory {
    int left = 1 << 30;
    void* allocate(std::size_t bytes) override {
        return left-- > 0 ? heap_memory().allocate(bytes) : nullptr;
    }
    void release(void* memory, std::size_t bytes) override { heap_memory().release(memory, bytes); }
};

FourTuple tuple_of(std::uint32_t number) {
    return {{IpAddress::v4(10, 0, 0, 2), 80},
            {IpAddress::v4(0x0a000000 + number / 1000), std::uint16_t(1 + number % 1000)}};
}

}  // namespace

TEST_CASE("finds each of ten thousand connections and nothing else") {
    Table table(heap_memory(), {1, 2});
    std::deque<TableEntry> entries;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        entries.emplace_back(TableEntry::Kind::kConnection, tuple_of(i));
        REQUIRE(table.insert(entries.back()));
    }
    for (std::uint32_t i = 0; i < 10'000; ++i) CHECK(table.find(tuple_of(i)) == &entries[i]);
    CHECK(table.find(tuple_of(10'000)) == nullptr);
    for (TableEntry& entry : entries) table.remove(entry);
    CHECK(table.size() == 0);
    CHECK(table.find(tuple_of(1)) == nullptr);
}

TEST_CASE("without memory to grow a table gets slower, not full; without any it refuses") {
    FailingMemory memory;
    memory.left = 1;
    Table table(memory, {1, 2});
    std::deque<TableEntry> entries;
    for (std::uint32_t i = 0; i < 500; ++i) {
        entries.emplace_back(TableEntry::Kind::kConnection, tuple_of(i));
        REQUIRE(table.insert(entries.back()));
    }
    CHECK(table.find(tuple_of(499)) == &entries[499]);
    for (TableEntry& entry : entries) table.remove(entry);

    memory.left = 0;
    Table none(memory, {1, 2});
    CHECK_FALSE(none.insert(entries[0]));
    CHECK(none.find(tuple_of(0)) == nullptr);
}

TEST_CASE("IPv6 addresses are told apart in all their bytes") {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01};
    FourTuple one{{IpAddress::v6(bytes), 80}, {IpAddress::v6(bytes), 1}};
    bytes[3] = 1;
    FourTuple other{{IpAddress::v6(bytes), 80}, {IpAddress::v6(bytes), 1}};
    CHECK(keyed_hash({1, 2}, one, 0) != keyed_hash({1, 2}, other, 0));
}

}  // namespace holm::net::tcp

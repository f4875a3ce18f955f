#include "net/tcp/scoreboard.h"

#include <random>
#include <set>

#include <doctest/doctest.h>

#include "net/tcp/sack_list.h"

namespace holm::net::tcp {

TEST_CASE("runs that touch become one") {
    ChunkPool pool(heap_memory(), 1U << 20U);
    Scoreboard board(pool);
    CHECK(board.add({Seq(10), Seq(20)}) == 10);
    CHECK(board.add({Seq(30), Seq(40)}) == 10);
    CHECK(board.add({Seq(15), Seq(35)}) == 10);
    REQUIRE(board.runs().size() == 1);
    CHECK(board.runs()[0] == SeqRange{Seq(10), Seq(40)});
    CHECK(board.add({Seq(12), Seq(20)}) == 0);
    CHECK(board.add({Seq(20), Seq(20)}) == 0);
    board.acknowledge(Seq(25));
    CHECK(board.sacked_bytes() == 15);
    CHECK(pool.bytes_in_use() > 0);
    board.acknowledge(Seq(40));
    CHECK(board.empty());
    CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE("a full scoreboard forgets nothing that it knows") {
    ChunkPool pool(heap_memory(), 1U << 20U);
    Scoreboard board(pool);
    for (std::uint32_t i = 0; i < 400; ++i) board.add({Seq(i * 20), Seq(i * 20 + 10)});
    CHECK(board.runs().size() == Scoreboard::kMaxRuns);
    CHECK(board.sacked_bytes() == 10 * Scoreboard::kMaxRuns);
    CHECK(board.add({Seq(10), Seq(20)}) == 10);  // closes a gap: needs no room
}

TEST_CASE("without memory nothing is noted") {
    ChunkPool pool(heap_memory(), 0);
    Scoreboard board(pool);
    CHECK(board.add({Seq(10), Seq(20)}) == 0);
    CHECK(board.empty());
    board.acknowledge(Seq(15));
}

TEST_CASE("the scoreboard agrees with a set of bytes") {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        ChunkPool pool(heap_memory(), 1U << 20U);
        Scoreboard board(pool);
        std::set<std::uint32_t> model;
        const Seq base(0xffff'ffc0);
        std::uint32_t una = 0;
        for (int i = 0; i < 20; ++i) {
            const std::uint32_t begin = una + random() % 200;
            const std::uint32_t end = begin + random() % 30;
            const std::size_t before = model.size();
            for (std::uint32_t at = begin; at < end; ++at) model.insert(at);
            CHECK(board.add({base + begin, base + end}) == model.size() - before);
            if (random() % 4 == 0) {
                una += random() % 20;
                model.erase(model.begin(), model.lower_bound(una));
                board.acknowledge(base + una);
            }
            CHECK(board.sacked_bytes() == model.size());
        }
    }
}

TEST_CASE("SACK blocks: the latest run first") {
    SackList list;
    Options options;
    list.add({Seq(10), Seq(20)});
    list.add({Seq(30), Seq(40)});
    list.add({Seq(50), Seq(60)});
    list.add({Seq(10), Seq(40)});  // has swallowed two
    list.report(options);
    REQUIRE(options.sack_count == 2);
    CHECK(options.sack[0] == SeqRange{Seq(10), Seq(40)});
    CHECK(options.sack[1] == SeqRange{Seq(50), Seq(60)});
    list.advance(Seq(40));
    list.add_duplicate({Seq(1), Seq(5)});
    list.report(options);
    REQUIRE(options.sack_count == 2);
    CHECK(options.sack[0] == SeqRange{Seq(1), Seq(5)});
    CHECK(options.sack[1] == SeqRange{Seq(50), Seq(60)});
    list.report(options);
    CHECK(options.sack_count == 1);  // a duplicate is reported once
}

}  // namespace holm::net::tcp

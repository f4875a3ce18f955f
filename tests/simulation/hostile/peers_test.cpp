// Peers that do not play fair (docs/hostile-network.md): the attacker has connections of its own, and what it
// may do with them is bounded, while the conversation of others goes on.

#include <doctest/doctest.h>

#include "tests/simulation/hostile/puppet.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

constexpr int kRounds = 200;  // two seconds

std::vector<Puppet> puppets(Battle& battle, int count) {
    Puppet::appear(battle);
    std::vector<Puppet> made;
    for (int i = 0; i < count; ++i) made.emplace_back(battle, std::uint16_t(20'000 + i));
    return made;
}

void check_others(Battle& battle, int rounds = kRounds) {
    CHECK_FALSE(battle.spoilt);
    CHECK_FALSE(battle.broken);
    CHECK(battle.echoed >= std::size_t{900} * std::size_t(rounds));
    CHECK(battle.datagrams_lost == 0);
}

// What is left of the attacker's connections when the service has closed them: nothing, a minute later.
void check_nothing_left(Battle& battle) {
    battle.end();
    CHECK(battle.pair[Battle::kServer].tcp().connections() == 0);
    CHECK(battle.pair[Battle::kServer].tcp().buffer_bytes() == 0);
}

}  // namespace

TEST_CASE("windows that stay closed hold a bounded part, and nobody else waits for it") {
    // Forty times 256 KiB would be two and a half times what there is for all.
    Battle battle(false, {.max_buffer_bytes = 4U << 20U});
    std::vector<Puppet> closed = puppets(battle, 40);
    for (int i = 0; i < kRounds; ++i)
        battle.round([&](Battle&) {
            for (Puppet& puppet : closed)
                if (!puppet.hear().empty()) puppet.acknowledge(puppet.expected(), 0);
        });
    CHECK(battle.pair[Battle::kServer].tcp().connections() >= 41);
    CHECK(battle.pair[Battle::kServer].tcp().buffer_bytes() <= 4U << 20U);
    CHECK(battle.statistics(Battle::kServer).window_probes >= 40);
    check_others(battle);
    CHECK(battle.newcomer([](Battle&) {}) > 0);
    check_nothing_left(battle);
}

TEST_CASE("windows that shrink make nobody send what they do not take") {
    Battle battle(false);
    std::vector<Puppet> shrinking = puppets(battle, 8);
    Random random(5);
    for (int i = 0; i < kRounds; ++i)
        battle.round([&](Battle&) {
            for (Puppet& puppet : shrinking)
                if (!puppet.hear().empty())
                    puppet.acknowledge(puppet.expected(), std::uint16_t(random() % 5'000));
        });
    CHECK(battle.statistics(Battle::kServer).windows_shrunk >= 8);
    check_others(battle);
    check_nothing_left(battle);
}

TEST_CASE("a silly window gets few segments, not many small ones") {
    Battle battle(false);
    std::vector<Puppet> silly = puppets(battle, 1);
    std::size_t segments = 0;
    for (int i = 0; i < kRounds; ++i)
        battle.round([&](Battle&) {
            const auto heard = silly[0].hear();
            segments += heard.size();
            if (!heard.empty()) silly[0].acknowledge(silly[0].expected(), 20);
        });
    // One each 200 ms (the override timeout), and those of the handshake.
    CHECK(segments >= 3);
    CHECK(segments <= 15);
    check_others(battle);
    check_nothing_left(battle);
}

TEST_CASE("acknowledgments that run ahead of what was sent are not believed") {
    Battle battle(false);
    std::vector<Puppet> greedy = puppets(battle, 4);
    for (int i = 0; i < kRounds; ++i)
        battle.round([&](Battle&) {
            for (Puppet& puppet : greedy)
                if (!puppet.hear().empty()) {
                    puppet.acknowledge(puppet.expected() + 3'000'000, 65'535);
                    puppet.acknowledge(puppet.expected(), 65'535);
                }
        });
    CHECK(battle.statistics(Battle::kServer).bad_acknowledgment >= kRounds);
    // A window of 65,535 a round and connection is what honest ones would have got.
    CHECK(greedy[0].expected() > 0);
    CHECK(battle.pair[Battle::kServer].tcp().buffer_bytes() <= 8U << 20U);
    check_others(battle);
    check_nothing_left(battle);
}

TEST_CASE("bytes scattered over the window take a bounded part") {
    Battle battle(false, {.max_buffer_bytes = 4U << 20U});
    std::vector<Puppet> scattering = puppets(battle, 20);
    Random random(6);
    for (int i = 0; i < kRounds; ++i)
        battle.round([&](Battle&) {
            for (Puppet& puppet : scattering) {
                if (!puppet.hear().empty()) puppet.acknowledge(puppet.expected(), 0);
                for (int j = 0; j < 20; ++j)
                    puppet.say(wire::kTcpAck, puppet.next() + 1 + 2 * (random() % 30'000), puppet.expected(),
                               0, 1);
            }
        });
    CHECK(battle.pair[Battle::kServer].tcp().buffer_bytes() <= 4U << 20U);
    check_others(battle);
    check_nothing_left(battle);
}

// The parts of loss recovery one by one; together they are played by the scripts in tests/script/tcp.

#include <doctest/doctest.h>

#include "net/tcp/recovery/loss_probe.h"
#include "net/tcp/recovery/rack.h"
#include "net/tcp/recovery/rate_reduction.h"
#include "net/tcp/recovery/undo.h"

namespace holm::net::tcp {
namespace {

Instant at(int milliseconds) {
    return Instant::from_nanoseconds(std::int64_t{milliseconds} * 1'000'000);
}

constexpr std::uint32_t kMss = 1000;

struct Path {
    ChunkPool pool{heap_memory(), 1U << 20U};
    Transmissions log{pool};
    Rack rack;
    Path() {
        rack.start(Seq(0));
        for (std::uint32_t i = 0; i < 10; ++i) log.append({Seq(i * kMss), Seq((i + 1) * kMss)}, at(int(i)));
    }
    void select(int now, std::uint32_t segment) {
        log.select({Seq(segment * kMss), Seq((segment + 1) * kMss)},
                   [&](const Transmitted& run) { rack.on_delivered(at(now), run, Instant::never()); });
    }
    Instant detect(int now, bool hurry) {
        return rack.detect(at(now), log, hurry, Duration::milliseconds(40));
    }
};

}  // namespace

// RFC 8985, section 6.2, step 5.
TEST_CASE_FIXTURE(Path, "RACK waits a quarter of the round trip for reordered segments") {
    select(41, 1);
    CHECK(detect(41, false) == at(50));  // sent at 0, 40 ms, and 10
    CHECK(log.lost() == 0);
    CHECK(detect(50, false).is_never());
    CHECK(log.lost() == kMss);
}

TEST_CASE_FIXTURE(Path, "RACK does not wait once three segments have overtaken") {
    select(41, 1);
    CHECK(detect(41, true).is_never());
    CHECK(log.lost() == kMss);
}

TEST_CASE_FIXTURE(Path, "RACK finds the loss of a retransmission") {
    select(41, 1);
    detect(41, true);
    log.sent_again({Seq(0), Seq(kMss)}, at(41));
    CHECK(detect(45, true).is_never());
    CHECK(log.under_way() == kMss);
    log.append({Seq(10 * kMss), Seq(11 * kMss)}, at(42));
    select(82, 10);
    CHECK(log.under_way() == kMss);
    detect(82, true);
    CHECK(log.under_way() == 0);
}

TEST_CASE_FIXTURE(Path, "RACK learns that the path reorders") {
    select(43, 3);
    CHECK_FALSE(rack.reordering_seen());
    select(43, 2);
    CHECK(rack.reordering_seen());
    CHECK(rack.reordering_window(true, Duration::milliseconds(40)) == Duration::milliseconds(10));
    // D-SACKs widen the window, once a round trip, up to the smoothed round trip.
    for (std::uint32_t round = 1; round < 10; ++round) {
        rack.on_duplicate(Seq(round * 100), Seq(round * 100 + 100));
        rack.on_duplicate(Seq(round * 100), Seq(round * 100 + 100));
        const int quarters = std::min(int(round) + 1, 4);
        CHECK(rack.reordering_window(true, Duration::milliseconds(40)) ==
              Duration::milliseconds(10) * quarters);
    }
    // Sixteen recoveries without one narrow it again.
    for (int i = 0; i < 16; ++i) rack.on_recovered();
    CHECK(rack.reordering_window(true, Duration::milliseconds(40)) == Duration::milliseconds(10));
}

// Step 4: a D-SACK says that a segment was sent in vain, not that segments overtake each other.
TEST_CASE_FIXTURE(Path, "RACK does not take a D-SACK for reordering") {
    select(43, 3);
    rack.on_duplicate(Seq(100), Seq(200));
    CHECK_FALSE(rack.reordering_seen());
    CHECK(rack.reordering_window(true, Duration::milliseconds(40)) == Duration());
    CHECK(rack.reordering_window(false, Duration::milliseconds(40)) == Duration::milliseconds(20));
}

// Step 2: the acknowledgment of a retransmission that came too soon was for the original.
TEST_CASE_FIXTURE(Path, "RACK ignores ambiguous acknowledgments") {
    select(41, 1);
    detect(41, true);
    log.sent_again({Seq(0), Seq(kMss)}, at(41));
    log.append({Seq(10 * kMss), Seq(11 * kMss)}, at(41));
    log.acknowledge(Seq(kMss),
                    [&](const Transmitted& run) { rack.on_delivered(at(45), run, Instant::never()); });
    detect(45, true);
    CHECK(log.lost() == 0);  // nothing that was sent before 41 ms counts as overtaken
}

// Section 6.3.
TEST_CASE_FIXTURE(Path, "a timeout takes for lost what is old enough") {
    select(41, 1);
    rack.on_timeout(at(47), log, Duration::milliseconds(40), false);
    CHECK(log.lost() == 7 * kMss);  // sent at 0 and at 2 to 7 ms
    rack.on_timeout(at(47), log, Duration::milliseconds(40), true);
    CHECK(log.lost() == 9 * kMss);
}

TEST_CASE("the minimum of round trips forgets after its interval") {
    RttMinimum minimum;
    CHECK(minimum.value() == Duration());
    minimum.sample(at(1'000), Duration::milliseconds(5));
    minimum.sample(at(2'000), Duration::milliseconds(9));
    CHECK(minimum.value() == Duration::milliseconds(5));
    minimum.sample(at(12'000), Duration::milliseconds(9));
    CHECK(minimum.value() == Duration::milliseconds(5));
    minimum.sample(at(23'000), Duration::milliseconds(8));
    CHECK(minimum.value() == Duration::milliseconds(8));
}

// RFC 6937, section 4.1: the example of a single loss in twenty segments, threshold ten.
TEST_CASE("PRR spreads a reduction over the round trip") {
    RateReduction prr;
    prr.start(20 * kMss, 10 * kMss);
    std::uint32_t pipe = 16 * kMss;  // one lost, three selectively acknowledged
    std::uint32_t sent = 0;
    for (int ack = 3; ack < 20; ++ack) {
        const std::uint32_t window = prr.on_delivered(kMss, pipe, false, kMss);
        while (pipe + kMss <= window) prr.on_sent(kMss), pipe += kMss, ++sent;
        pipe -= kMss;
    }
    CHECK(sent == 10);
    CHECK(pipe == 9 * kMss);
}

TEST_CASE("PRR goes on sending when losses have emptied the network") {
    RateReduction prr;
    prr.start(20 * kMss, 10 * kMss);
    // Fifteen of twenty are lost: conservative by default, slow start's growth when the ACK is safe.
    CHECK(prr.on_delivered(kMss, 4 * kMss, false, kMss) == 5 * kMss);
    prr.on_sent(kMss);
    CHECK(prr.on_delivered(kMss, 4 * kMss, true, kMss) == 6 * kMss);
    // Never beyond the threshold.
    CHECK(prr.on_delivered(50 * kMss, 4 * kMss, true, kMss) == 10 * kMss);
}

TEST_CASE("what takes a reduction back") {
    Undo undo;
    undo.start(Seq(100));
    undo.on_retransmitted(at(50), 10);
    undo.on_retransmitted(at(60), 10);
    CHECK_FALSE(undo.original_arrived(Seq(100), at(40)));  // nothing new acknowledged
    CHECK_FALSE(undo.original_arrived(Seq(110), at(50)));
    CHECK_FALSE(undo.original_arrived(Seq(110), Instant::never()));
    CHECK(undo.original_arrived(Seq(110), at(49)));
    undo.on_duplicate({Seq(100), Seq(110)});
    CHECK_FALSE(undo.all_duplicates());
    undo.on_duplicate({Seq(50), Seq(60)});  // from before
    CHECK_FALSE(undo.all_duplicates());
    undo.on_duplicate({Seq(110), Seq(120)});
    CHECK(undo.all_duplicates());
    undo.stop();
    CHECK_FALSE(undo.all_duplicates());
}

// RFC 8985, section 7.4.2.
TEST_CASE("what a tail loss probe tells") {
    LossProbe probe;
    probe.sent(Seq(100), true);
    CHECK_FALSE(probe.on_acknowledgment(Seq(50), false));
    CHECK(probe.is_out());
    CHECK(probe.on_acknowledgment(Seq(101), false));  // it repaired a loss
    CHECK_FALSE(probe.is_out());

    probe.sent(Seq(100), true);
    CHECK_FALSE(probe.on_acknowledgment(Seq(100), true));  // both copies arrived
    CHECK_FALSE(probe.is_out());

    probe.sent(Seq(100), true);
    probe.on_duplicate({Seq(90), Seq(100)});
    CHECK_FALSE(probe.on_acknowledgment(Seq(120), false));
    CHECK_FALSE(probe.is_out());

    probe.sent(Seq(100), false);  // new data
    CHECK_FALSE(probe.on_acknowledgment(Seq(100), false));
    CHECK_FALSE(probe.is_out());
}

TEST_CASE("when a tail loss probe is sent") {
    const auto ms = [](int n) { return Duration::milliseconds(n); };
    CHECK(LossProbe::timeout(ms(30), false, ms(200)) == ms(60));
    CHECK(LossProbe::timeout(ms(30), true, ms(200)) == ms(260));
    CHECK(LossProbe::timeout(Duration(), true, ms(1000)) == ms(1000));
    CHECK(LossProbe::timeout(Duration::microseconds(20), false, ms(200)) == ms(5));
}

}  // namespace holm::net::tcp

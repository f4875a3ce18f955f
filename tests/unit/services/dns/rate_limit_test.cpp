#include "services/dns/rate_limit.h"

#include <doctest/doctest.h>

using namespace holm;
using namespace holm::dns;
using Verdict = RateLimit::Verdict;

TEST_CASE("a network counts as one, and its tokens come back with time") {
    RateLimit limit(2, 0, {1, 2});
    const Instant now = Instant::from_nanoseconds(5'000'000'000);
    CHECK(limit.judge(now, net::IpAddress::v4(10, 0, 0, 1), 7) == Verdict::kAnswer);
    CHECK(limit.judge(now, net::IpAddress::v4(10, 0, 0, 2), 7) == Verdict::kAnswer);
    CHECK(limit.judge(now, net::IpAddress::v4(10, 0, 0, 3), 7) == Verdict::kDrop);
    CHECK(limit.judge(now, net::IpAddress::v4(10, 0, 1, 3), 7) == Verdict::kAnswer);
    CHECK(limit.judge(now + Duration::milliseconds(500), net::IpAddress::v4(10, 0, 0, 1), 7) ==
          Verdict::kAnswer);
    CHECK(limit.judge(now + Duration::milliseconds(500), net::IpAddress::v4(10, 0, 0, 1), 7) ==
          Verdict::kDrop);
}

TEST_CASE("a flood does not take the tokens of a low rate") {
    RateLimit limit(1, 0, {1, 2});
    int answered = 0;
    for (int i = 0; i < 10'000; ++i)
        answered += limit.judge(Instant::from_nanoseconds(5'000'000'000) + Duration::milliseconds(i),
                                net::IpAddress::v4(10, 0, 0, 1), 7) == Verdict::kAnswer;
    CHECK(answered >= 9);
    CHECK(answered <= 11);
}

TEST_CASE("a rate of 0 is none") {
    RateLimit limit(0, 2, {1, 2});
    for (int i = 0; i < 1000; ++i)
        CHECK(limit.judge(Instant(), net::IpAddress::v4(10, 0, 0, 1), 1) == Verdict::kAnswer);
}

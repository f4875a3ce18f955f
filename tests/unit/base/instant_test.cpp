#include "base/instant.h"

#include <doctest/doctest.h>

using namespace holm;

TEST_CASE("adding to an instant saturates at never") {
    const Instant now = Instant::from_nanoseconds(1'000);
    CHECK((now + Duration::max()).is_never());
    CHECK((Instant::never() + Duration::seconds(1)).is_never());
    CHECK(now + Duration::microseconds(2) == Instant::from_nanoseconds(3'000));
}

TEST_CASE("durations convert between units without rounding up") {
    CHECK(Duration::milliseconds(1'999).as_seconds() == 1);
    CHECK(Duration::minutes(2) == Duration::seconds(120));
    CHECK(Instant::from_nanoseconds(5) - Instant::from_nanoseconds(7) == Duration::nanoseconds(-2));
}

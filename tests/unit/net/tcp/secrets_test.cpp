#include "net/tcp/secrets.h"

#include <doctest/doctest.h>

namespace holm::net::tcp {
namespace {

const FourTuple kTuple{{IpAddress::v4(10, 0, 0, 2), 80}, {IpAddress::v4(10, 0, 0, 1), 1000}};
const FourTuple kOther{{IpAddress::v4(10, 0, 0, 2), 80}, {IpAddress::v4(10, 0, 0, 1), 1001}};

Secrets secrets_with(int seed) {
    std::array<std::byte, 32> secret;
    secret.fill(std::byte(seed));
    return Secrets(secret);
}

Instant at_second(std::int64_t seconds) {
    return Instant::from_nanoseconds(seconds * 1'000'000'000);
}

}  // namespace

TEST_CASE("initial sequence numbers: a clock of 4 us and a keyed hash (RFC 6528)") {
    const Secrets secrets = secrets_with(1);
    const Seq now = secrets.initial_sequence(kTuple, at_second(10));
    CHECK(secrets.initial_sequence(kTuple, at_second(11)) - now == 250'000);
    CHECK(secrets.initial_sequence(kOther, at_second(10)) != now);
    CHECK(secrets_with(2).initial_sequence(kTuple, at_second(10)) != now);
}

// RFC 7323, section 5.4; RFC 6056, section 3.3.3: what one peer sees tells nothing of what another one sees.
TEST_CASE("timestamps and ports begin elsewhere for each peer and each secret, and stay there") {
    const Secrets secrets = secrets_with(1);
    const std::uint32_t timestamp = secrets.timestamp_offset(kTuple);
    CHECK(secrets_with(1).timestamp_offset(kTuple) == timestamp);
    CHECK(secrets.timestamp_offset(kOther) != timestamp);
    CHECK(secrets_with(2).timestamp_offset(kTuple) != timestamp);
    const std::uint32_t port = secrets.port_offset(kTuple.local.address, kTuple.remote);
    CHECK(secrets_with(1).port_offset(kTuple.local.address, kTuple.remote) == port);
    CHECK(secrets.port_offset(kTuple.local.address, kOther.remote) != port);
    CHECK(secrets_with(2).port_offset(kTuple.local.address, kTuple.remote) != port);
}

TEST_CASE("cookies are believed for this connection, this peer and a while") {
    const Secrets secrets = secrets_with(1);
    const Seq cookie = secrets.cookie(kTuple, Seq(77), 1460, at_second(1000));
    CHECK(secrets.check_cookie(kTuple, Seq(77), cookie, at_second(1001)) == 1460);
    CHECK(secrets.check_cookie(kTuple, Seq(77), cookie, at_second(1060)) == 1460);
    CHECK_FALSE(secrets.check_cookie(kTuple, Seq(77), cookie, at_second(1200)));
    CHECK_FALSE(secrets.check_cookie(kTuple, Seq(78), cookie, at_second(1001)));
    CHECK_FALSE(secrets.check_cookie(kTuple, Seq(77), cookie + 1, at_second(1001)));
    CHECK_FALSE(secrets.check_cookie(kOther, Seq(77), cookie, at_second(1001)));
    CHECK_FALSE(secrets_with(2).check_cookie(kTuple, Seq(77), cookie, at_second(1001)));
}

TEST_CASE("a cookie's MSS is never above what the peer said, but for the smallest") {
    const Secrets secrets = secrets_with(1);
    for (const int wanted : {216, 535, 536, 1300, 1459, 1460, 9000, 65535}) {
        const auto mss = std::uint16_t(wanted);
        const Seq cookie = secrets.cookie(kTuple, Seq(1), mss, at_second(1000));
        const auto found = secrets.check_cookie(kTuple, Seq(1), cookie, at_second(1000));
        REQUIRE(found);
        CHECK(*found <= mss);
        CHECK(*found >= 216);
    }
}

TEST_CASE("a cookie's timestamp carries the options and is never ahead of the clock") {
    for (std::uint32_t clock = 1000; clock < 1100; ++clock) {
        Options syn;
        syn.has_window_scale = clock % 3 != 0;
        syn.window_scale = std::uint8_t(clock % 15);
        syn.sack_permitted = clock % 2 == 0;
        const std::uint32_t encoded = encode_cookie_options(clock, syn, clock % 2 == 0);
        CHECK(encoded <= clock);
        CHECK(clock - encoded < 64);
        Options decoded;
        CHECK(decode_cookie_options(encoded, decoded) == (clock % 2 == 0));
        CHECK(decoded.has_window_scale == syn.has_window_scale);
        if (syn.has_window_scale) CHECK(decoded.window_scale == syn.window_scale);
        CHECK(decoded.sack_permitted == syn.sack_permitted);
    }
}

}  // namespace holm::net::tcp

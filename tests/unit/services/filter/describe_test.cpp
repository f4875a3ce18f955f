// Compiled rules as people read them: by `holm inspect` and `holm-rules --print`.

#include "services/filter/table/describe.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;

namespace {

std::string described(const std::string& text) {
    const CompiledRules rules(text);
    REQUIRE(rules.problem() == "");
    return filter::describe(rules.table());
}

std::string in_chain(const std::string& rules, const std::string& type = "filter",
                     const std::string& hook = "forward") {
    return described("table inet t { chain c { type " + type + " hook " + hook + " priority 0;\n" + rules +
                     "\n} }");
}

bool has(const std::string& text, const std::string& part) {
    return text.contains(part);
}

}  // namespace

TEST_CASE("what a rule asks is shown in the words of its field") {
    const std::string text = in_chain(
        "iifname \"wan\" oifname \"lan*\" ip saddr 10.0.0.1 ip daddr 192.0.2.0/24 tcp dport 80-90 accept\n"
        "ip6 saddr fd00::1 ip6 daddr 2001:db8::/32 counter drop\n"
        "ct state established,related accept");
    CHECK(has(text, "chain inet t c: type filter hook forward priority 0\n"));
    CHECK(has(text, "iif \"wan\""));
    CHECK(has(text, "\"lan*\""));
    CHECK(has(text, "ip saddr 10.0.0.1"));
    CHECK(has(text, "192.0.2.0"));
    CHECK(has(text, "tcp dport 80-90"));
    CHECK(has(text, "ip6 saddr fd00::1 "));
    CHECK(has(text, "2001:db8::"));
    CHECK(has(text, "# r:3: ip6 saddr"));
    CHECK(has(text, "ct state established,related"));
    CHECK(has(text, "3 rules"));
}

TEST_CASE("what a rule does is shown with all that it was given") {
    const std::string filter = in_chain(
        "tcp dport 1 reject with tcp reset\n udp dport 1 reject with icmpx admin-prohibited\n"
        "limit rate over 5/second log prefix \"many: \" drop\n meta mark set 7\n"
        "ip saddr { 10.0.0.1, 10.0.0.9 } drop");
    CHECK(has(filter, "reject with tcp reset"));
    CHECK(has(filter, "reject with icmp code 13, icmpv6 code 1"));
    CHECK(has(filter, "limit over 5 in 1 s"));
    CHECK(has(filter, "log \"many: \""));
    CHECK(has(filter, "meta mark = 0x7"));
    CHECK(has(filter, "ip saddr in { 2 } elements"));
    const std::string nat = in_chain(
        "udp dport 1 snat ip to 192.0.2.1-192.0.2.9:4000-4003 persistent\n"
        "udp dport 2 snat ip6 to [fd00::1]:9\n oifname \"wan\" masquerade random",
        "nat", "postrouting");
    CHECK(has(nat, "snat to 192.0.2.1-192.0.2.9:4000-4003 persistent"));
    CHECK(has(nat, "snat to [fd00::1]:9"));
    CHECK(has(nat, "masquerade random"));
}

TEST_CASE("long chains are cut short, and say so") {
    std::string rules;
    for (int i = 0; i < 600; ++i) rules += "udp dport 1 counter\n";
    const std::string text = in_chain(rules);
    CHECK(has(text, "more\n"));
    CHECK(text.size() < 100'000);
}

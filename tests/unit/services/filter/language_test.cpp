// The nft language: what is understood, and what is said about the rest.

#include <algorithm>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/support/rules.h"

using holm::test::CompiledRules;
using holm::test::problem_of;

namespace {

// A rule in a chain that has been set up for it.
std::string in_chain(const std::string& rule,
                     const std::string& head = "type filter hook forward priority 0;") {
    return "table inet t {\n set named { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }\n chain "
           "other { "
           "accept; }\n chain c { " +
           head + "\n" + rule + "\n }\n}\n";
}

void understood(const std::string& rule) {
    CAPTURE(rule);
    CHECK(problem_of(in_chain(rule)) == "");
}

void refused(const std::string& rule, const std::string& what) {
    CAPTURE(rule);
    const std::string problem = problem_of(in_chain(rule));
    CAPTURE(problem);
    CHECK(problem.contains(what));
    CHECK(problem.starts_with("r:5:"));
}

}  // namespace

TEST_CASE("rules that are understood") {
    for (const char* rule : {
             "accept",
             "ip saddr 10.0.0.1 drop",
             "ip saddr != 10.0.0.0/8 counter drop",
             "ip saddr 10.0.0.1-10.0.0.9 accept",
             "ip saddr @named drop",
             "ip saddr != @named drop",
             "ip6 saddr 2001:db8::/32 drop",
             "ip6 daddr { ::1, fe80::/10, 2001:db8::1-2001:db8::9 } accept",
             "tcp dport { 22, 80, 443, 8000-8999 } accept",
             "tcp dport >= 1024 tcp sport < 1024 return",
             "tcp flags & (fin | syn | rst | ack) == syn accept",
             "tcp flags syn / syn,ack accept",
             "tcp flags ! syn drop",
             "tcp flags syn,ack",
             "udp dport domain accept",
             "th dport 53 accept",
             "icmp type echo-request limit rate 5/second burst 3 packets accept",
             "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
             "limit rate over 10 mbytes/second burst 9000 kbytes drop",
             "iifname \"eth0\" oifname != \"lan*\" accept",
             "iif lan accept",
             "iifname { lan, dmz } iifname . ip saddr { lan . 1.2.3.4 } accept",
             "meta l4proto { tcp, udp } th dport 53 accept",
             "meta mark and 0xff == 0x5-0x7 accept",
             "meta nfproto ipv6 meta length > 1000 drop",
             "ct state established,related accept",
             "ct state vmap { established : accept, related : accept, invalid : drop }",
             "ct state new ct mark set 7 counter",
             "ct mark set meta mark or 1 meta mark set ct mark and 0xff xor 3",
             "ct status dnat accept",
             "ct direction reply accept",
             "ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 80-90 } accept",
             "ip saddr . ip daddr . meta l4proto { 10.0.0.0/8 . 10.0.0.1 . tcp } accept",
             "tcp dport vmap { 22 : accept, 80-90 : jump other, 443 : goto other, 444 : continue }",
             "meta mark set ip saddr map { 10.0.0.1 : 5, 10.0.1.0/24 : 6 }",
             "log prefix \"in: \" level warn reject with icmpx admin-prohibited",
             "reject with tcp reset",
             "reject with icmp type host-unreachable",
             "counter packets 0 bytes 0 jump other",
             "ip dscp ef ip ttl 1",
             "ip protocol icmp accept comment \"ping\"",
         })
        understood(rule);
}

TEST_CASE("translations") {
    const std::string pre = "type nat hook prerouting priority dstnat; policy accept;";
    const std::string post = "type nat hook postrouting priority srcnat;";
    for (const char* rule :
         {"tcp dport 80 dnat ip to 10.0.0.1:8080", "dnat to [2001:db8::1]:80",
          "dnat ip to tcp dport map { 80 : 10.0.0.1, 443 : 10.0.0.2 }",
          "dnat ip addr . port to ip daddr . tcp dport map { 1.2.3.4 . 80 : 10.0.0.1 . 8080 }",
          "tcp dport 81 redirect to :80"})
        CHECK(problem_of(in_chain(rule, pre)) == "");
    for (const char* rule :
         {"masquerade", "masquerade random,persistent", "ip saddr 10.0.0.0/8 snat to 1.2.3.4-1.2.3.9",
          "meta l4proto tcp snat ip to 1.2.3.4:1000-2000 persistent"})
        CHECK(problem_of(in_chain(rule, post)) == "");
    CHECK(problem_of(in_chain("masquerade", pre)).contains("postrouting"));
    CHECK(problem_of(in_chain("dnat to 10.0.0.1", post)).contains("prerouting"));
    CHECK(problem_of(in_chain("masquerade")).contains("nat"));
    CHECK(problem_of(in_chain("dnat to 10.0.0.1:0", pre)).contains("port 0"));
    CHECK(problem_of("table ip t { chain a { masquerade; }\n chain c { type filter hook forward priority 0; "
                     "jump a; } }")
              .contains("not of type nat"));
}

TEST_CASE("what is outside is refused with its place and what is allowed") {
    refused("ip saddr 10.0.0.300 drop", "r:5:10: expected an IPv4 address");
    refused("ip saddr 10.0.0.0/33 drop", "prefix length from 0 to 32");
    refused("ip saddr 10.0.0.9-10.0.0.1 drop", "ends before it begins");
    refused("tcp dport 65536 drop", "from 0 to 65535");
    refused("tcp dport nosuch drop", "unknown value 'nosuch'; allowed: a number, ftp-data");
    refused("tcp dport 22,80 accept", "braces");
    refused("ether saddr 1 drop", "'ether' is not supported in a rule; allowed:");
    refused("ip options 1 drop", "'ip options' is not supported; ip has: saddr");
    refused("meta skuid 0 drop", "meta has: ");
    refused("ct helper \"ftp\" accept", "ct has: state");
    refused("queue num 1", "not supported in a rule");
    refused("jump nowhere", "no chain 'nowhere'");
    refused("jump c", "has a hook");
    refused("ip saddr @missing drop", "no set or map 'missing'");
    refused("tcp dport @named drop", "the type of 'named'");
    refused("accept counter", "behind a verdict");
    refused("limit rate 0/second", "rate of 0");
    refused("limit rate 5/fortnight", "second, minute, hour");
    refused("ip saddr & 0.0.0.255 == 0.0.1.0 drop", "outside of the mask");
    refused("iifname { \"eth*\" } drop", "pattern");
    refused("counter name \"x\" accept", "named counters");
    refused("log group 2", "allowed: prefix, level");
    refused("reject with icmp type nonsense", "icmp has: net-unreachable");
    refused("tcp dport $nothing accept", "no variable 'nothing'");
    refused("tcp dport vmap { 1 : accept, 1 : drop }", "overlaps");
    refused("tcp flags < syn", "no order");
    refused("ip saddr \"open", "no closing quote");
    refused("tcp dport 1 udp dport 2 accept", "no packet has this protocol");
    refused("ip saddr 1.1.1.1 ip6 saddr ::1 accept", "both families");
    refused("ip saddr { 10.0.0.1 timeout 5 } drop", "read-only");
}

TEST_CASE("blocks that are refused") {
    CHECK(problem_of("table bridge t { }") ==
          "r:1:7: tables of family bridge are not supported; allowed: ip, ip6, inet");
    CHECK(problem_of("add rule ip t c accept").contains("allowed: table FAMILY NAME"));
    CHECK(problem_of("table ip t {").contains("no closing brace"));
    CHECK(problem_of("table ip t { chain c { type filter hook ingress priority 0; } }")
              .contains("allowed: prerouting"));
    CHECK(problem_of("table ip t { chain c { policy drop; } }").contains("only a chain with a hook"));
    CHECK(problem_of("table ip t { set s { elements = { 1 } } }").contains("type of a set"));
    CHECK(problem_of("table ip t { set s { type ipv4_addr; flags timeout; } }").contains("read-only"));
    CHECK(problem_of("table ip t { set s { type ether_addr; } }").contains("allowed: ipv4_addr"));
    CHECK(problem_of("table ip t { chain c { ip6 saddr ::1 drop; } }").contains("never sees"));
    CHECK(problem_of("table ip t { chain a { jump b; }\n chain b { jump a; } }")
              .contains("jump to each other"));
    CHECK(problem_of("table ip t { flowtable f { } }").contains("allowed: chain, set, map"));
    std::string deep = "table ip t { chain c0 { accept; }\n";
    for (int i = 1; i < 20; ++i)
        deep += "chain c" + std::to_string(i) + " { jump c" + std::to_string(i - 1) + "; }\n";
    CHECK(problem_of(deep + "}").contains("chains deep"));
}

TEST_CASE("a name that is not there is answered with those that are") {
    const std::string sets =
        "table ip t { set hosts { type ipv4_addr; }\n set ports { type inet_service; }\n";
    const std::string base = "chain c { type filter hook input priority 0; ";
    CHECK(problem_of(sets + base + "ip saddr @host drop; } }").contains("; allowed: hosts, ports"));
    CHECK(problem_of("table ip t { chain a { accept; }\n" + base + "jump b; } }").ends_with("; allowed: a"));
    CHECK(problem_of("table ip t { " + base + "jump b; } }").ends_with("; there is none"));
    std::string defined;
    for (int i = 0; i < 12; ++i) defined += "define x" + std::to_string(i) + " = 1\n";
    CHECK(problem_of(defined + "table ip t { " + base + "tcp dport $y drop; } }").ends_with("x6, x7, …"));
}

TEST_CASE("whichever token is missing or wrong, the message says where and what is expected instead") {
    const std::string text =
        "define web = 10.0.2.80\n"
        "table inet t {\n"
        "set blocked { type ipv4_addr ; flags interval ; elements = { 192.0.2.0/24 , 198.51.100.1 } }\n"
        "map marks { type inet_service : mark ; elements = { 80 : 5 } }\n"
        "chain other { counter ; tcp dport 22 drop ; }\n"
        "chain c { type filter hook forward priority filter + 1 ; policy drop ;\n"
        "ct state vmap { established : accept , invalid : drop }\n"
        "ip saddr @ blocked counter drop\n"
        "iifname \"wan\" ip daddr $ web tcp dport { http , 8000-8100 } counter accept\n"
        "tcp flags & ( syn | ack ) == syn limit rate 5 / second burst 3 packets log prefix \"x\" drop\n"
        "meta mark set tcp dport map @ marks\n"
        "ip saddr . tcp dport { 10.0.0.1 . 22 } jump other\n"
        "reject with icmpx admin-prohibited\n"
        "} }\n"
        "table ip nat { chain pre { type nat hook prerouting priority dstnat ;\n"
        "tcp dport 80 dnat to $ web : 8080\n"
        "} }\n";
    REQUIRE(problem_of(text) == "");
    constexpr std::string_view kExpectations[] = {"allowed:",
                                                  "expected ",
                                                  " has: ",
                                                  "from ",
                                                  "; there is none",
                                                  "at most",
                                                  "read-only",
                                                  "is accept or drop",
                                                  "stand in braces",
                                                  "counts packets",
                                                  "is set to a number",
                                                  "has no value",
                                                  "no closing brace",
                                                  "behind a verdict",
                                                  "may begin with",
                                                  "followed by"};
    int mistakes = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
        if (end == at) {
            ++at;
            continue;
        }
        for (const char* instead : {"", "zzz", "999999", "}", "\"zzz\""}) {
            std::string wrong = text;
            wrong.replace(at, end - at, instead);
            const std::string problem = problem_of(wrong);
            if (problem.empty()) continue;  // another name, say
            ++mistakes;
            CAPTURE(wrong);
            CAPTURE(problem);
            CHECK(problem.starts_with("r:"));
            CHECK(std::ranges::any_of(kExpectations,
                                      [&](std::string_view word) { return problem.contains(word); }));
        }
        at = end;
    }
    CHECK(mistakes > 500);
}

// Texts that took time by the square of their length, or by two to the power of their depth.
TEST_CASE("what is long is read once") {
    std::string digits = "define x = ";
    for (int i = 0; i < 500'000; ++i) digits += "a:";
    CHECK(problem_of(digits + "\n") == "");
    std::string sets = "table ip t {\n";
    for (int i = 0; i < 30'000; ++i) sets += "set s" + std::to_string(i) + " { type mark; }\n";
    CHECK(problem_of(sets + "}") == "");
    std::string parts = "table ip t { set s { type mark;\n";
    for (int i = 0; i < 30'000; ++i) parts += "elements = { " + std::to_string(i) + " }\n";
    CHECK(problem_of(parts + "} }") == "");
    std::string chains = "table ip t {\n";
    for (int i = 0; i < 1025; ++i) chains += "chain c" + std::to_string(i) + " { accept; }\n";
    CHECK(problem_of(chains + "}") == "r:1026:7: more than 1024 chains");
    std::string tables;
    for (int i = 0; i < 1025; ++i) tables += "table ip t" + std::to_string(i) + " { }\n";
    CHECK(problem_of(tables) == "r:1025:7: more than 1024 tables");
    // Each includes the next one twice; the last is a long comment.
    const std::string comment = "#" + std::string(std::size_t{4} << 20, 'x') + "\n";
    const auto reader = [&](const std::string& path) -> std::optional<std::string> {
        const int level = std::stoi(path);
        const std::string next = "include \"" + std::to_string(level + 1) + "\"\n";
        return level == 15 ? comment : next + next;
    };
    CHECK(problem_of("include \"1\"\n", reader).contains("larger than 64 MiB together"));
}

TEST_CASE("variables and includes") {
    const holm::filter::language::FileReader reader =
        [](const std::string& path) -> std::optional<std::string> {
        if (path == "inner") return "define ports = { 22, 80 }\n";
        if (path == "self") return "include \"self\"\n";
        if (path == "bad") return "\n  define x 3\n";
        return std::nullopt;
    };
    CHECK(problem_of("include \"inner\"\ntable ip t { chain c { tcp dport { $ports, 443 } accept; } }",
                     reader) == "");
    CHECK(
        problem_of(
            "define net = 10.0.0.0/8\ndefine both = { $net, 1.1.1.1 }\ntable ip t { chain c { ip saddr $both "
            "accept; } }") == "");
    CHECK(problem_of("include \"missing\"", reader).contains("cannot read"));
    CHECK(problem_of("include \"self\"", reader).contains("deep"));
    CHECK(problem_of("include \"bad\"", reader) == "bad:2:12: expected '=', found '3'");
    CHECK(problem_of("define a = 1\ndefine a = 2").contains("redefine"));
}

// Zone files: what is read from them, and what is wrong with them.

#include <format>
#include <string>

#include <doctest/doctest.h>

#include "services/dns/master/rdata_text.h"
#include "services/dns/master/record_format.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

namespace {

constexpr std::string_view kHead =
    "$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 604800 300\n@ NS ns1\nns1 A 192.0.2.1\n";

// The first mistake of a zone that is good but for these lines, which begin in line 5.
std::string mistake(const std::string& lines) {
    const auto zones = compile_zones({{"z.test", std::string(kHead) + lines}});
    return zones.mistakes.empty() ? "" : zones.mistakes[0];
}

std::vector<Record> records(const std::string& text) {
    Reader reader([&](const std::string&) { return std::optional(text); });
    auto found = reader.read("z.test", *parse_name("z.test.", ""));
    REQUIRE(reader.mistakes().empty());
    return found;
}

std::string hex(const std::string& data) {
    std::string text;
    for (const char c : data) text += std::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

// The data of a record of this type, as hexadecimal.
std::string data(const std::string& text) {
    return hex(records("a 1 " + text + "\n").at(0).data);
}

}  // namespace

TEST_CASE("the master format") {
    const auto found = records(R"($ORIGIN sub.z.test.
$TTL 1h30m
a    IN 60 A ( 192.0.2.1 ) ; comment
     A 192.0.2.2
b    TXT "two words" and\ one "\"\\\001" ""
@    CLASS1 2w MX 10 mail.other.
$ORIGIN deeper
c\.d A 192.0.2.3
*    TYPE65280 \# 3 01 0203
)");
    REQUIRE(found.size() == 6);
    CHECK(to_text(found[0].owner) == "a.sub.z.test.");
    CHECK(found[0].ttl == 60);
    CHECK(to_text(found[1].owner) == "a.sub.z.test.");
    CHECK(found[1].ttl == 5400);
    CHECK(found[2].data == std::string("\x09two words\x07"
                                       "and one\x03\"\\\1\0",
                                       23));
    CHECK(to_text(found[3].owner) == "sub.z.test.");
    CHECK(found[3].ttl == 1'209'600);
    CHECK(to_text(found[4].owner) == "c\\.d.deeper.sub.z.test.");
    CHECK(found[5].type == 65280);
    CHECK(hex(found[5].data) == "010203");
    CHECK(found[5].where.line == 9);
}

TEST_CASE("data of every kind of field, against the bytes of the RFCs") {
    CHECK(data("AAAA 2001:db8::1") == "20010db8000000000000000000000001");
    CHECK(data("CAA 0 issue \"ca.example.net\"") ==
          "00056973737565"
          "63612e6578616d706c652e6e6574");
    // RFC 3403's example; RFC 9460, appendix D.2.
    CHECK(data("NAPTR 100 50 \"s\" \"http+I2L\" \"\" .") ==
          "00640032"
          "0173"
          "08687474702b49324c"
          "00"
          "00");
    CHECK(data("SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1") ==
          "0010"
          "03666f6f076578616d706c65036f726700"
          "0000000400010004"
          "0001000902683205"
          "68332d3139"
          "00040004c0000201");
    CHECK(data("SVCB 1 foo.example.com. key667=\"hello\\210qoo\"") ==
          "0001"
          "03666f6f076578616d706c6503636f6d00"
          "029b000968656c6c6fd2716f6f");
    CHECK(data("SVCB 16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"") ==
          "0010"
          "03666f6f00"
          "0001000c08665c6f6f2c626172026832");
    CHECK(data("NSEC host.example.com. A MX RRSIG NSEC TYPE1234") ==
          "04686f7374076578616d706c6503636f6d00"
          "0006400100000003"
          "041b000000000000000000000000000000000000000000000000000020");
    CHECK(data("NSEC3 1 1 12 aabbccdd 00000000000000000000000000000003 A") ==
          "01"
          "01"
          "000c"
          "04aabbccdd"
          "14" +
              std::string(38, '0') + "03" + "000140");
    CHECK(data("RRSIG A 5 3 86400 20030322173103 20030220173103 2642 example.com. AAEC") ==
          "0001"
          "05"
          "03"
          "00015180"
          "3e7c9dd7"
          "3e5510d7"
          "0a52"
          "076578616d706c6503636f6d00"
          "000102");
    CHECK(data("EUI48 00-00-5e-00-53-2a") == "00005e00532a");
    CHECK(data("TYPE1 \\# 4 c0000201") == "c0000201");
}

TEST_CASE("$INCLUDE changes neither origin nor owner") {
    const auto zones =
        compile_zones({{"z.test", std::string(kHead) + "a A 192.0.2.2\n$INCLUDE other sub\n  AAAA ::1\n"}},
                      {}, {{"other", "x A 192.0.2.3\n$ORIGIN y\n"}});
    CHECK(zones.mistakes == std::vector<std::string>());
    CHECK(mistake("$INCLUDE missing\n") == "z.test:5:10: \"missing\" cannot be read");
    CHECK(mistake("$INCLUDE z.test\n").contains("do they include themselves?"));
}

TEST_CASE("mistakes have a place and say what is expected") {
    CHECK(mistake("a A 192.0.2\n") == "z.test:5:5: an IPv4 address such as 192.0.2.1 is expected here");
    CHECK(mistake("a A\n") == "z.test:5:4: an IPv4 address such as 192.0.2.1 is expected here");
    CHECK(mistake("a A 192.0.2.1 x\n") == "z.test:5:15: the data of A ends before this word");
    CHECK(mistake("a AAA ::1\n").starts_with("z.test:5:3: \"AAA\" is no record type; allowed: A, NS, "));
    CHECK(mistake("a CH A 192.0.2.1\n") == "z.test:5:3: the class \"CH\" is not served; allowed: IN");
    CHECK(mistake("$GENERATE 1-2 a$ A 192.0.2.$\n").contains("allowed: $ORIGIN, $TTL, $INCLUDE"));
    CHECK(mistake("a TXT \"open\n").starts_with("z.test:5:7: a quotation mark is opened"));
    CHECK(mistake("a A ( 192.0.2.1\n").starts_with("z.test:5:5: a parenthesis is opened and not closed"));
    CHECK(mistake("a TXT \\999\n").contains("\\000 to \\255"));
    CHECK(mistake("a..b A 192.0.2.1\n").starts_with("z.test:5:1: an empty label"));
    CHECK(mistake(std::string(64, 'a') + " A 192.0.2.1\n")
              .starts_with("z.test:5:1: a label of more than 63 bytes"));
    const std::string label(63, 'b');
    CHECK(mistake(label + "." + label + "." + label + "." + label + " A 192.0.2.1\n")
              .starts_with("z.test:5:1: a name of 26"));
    CHECK(mistake("a TYPE1 \\# 3 010203\n").contains("are not what the data of A consists of"));
    CHECK(mistake("a TYPE65280 \\# 3 0102\n").contains("the size is said to be 3, but there are 2 bytes"));
    CHECK(mistake("a ANY 1\n").starts_with("z.test:5:3: "));
    CHECK(compile_zones({{"z.test", "a A 192.0.2.1\n"}}).mistakes.at(0).contains("the record has no TTL"));
}

TEST_CASE("files that include each other again and again come to an end") {
    // Each level includes the next one twice: 2^15 times the last one.
    Reader reader(
        [](const std::string& path) -> std::optional<std::string> {
            const int level = path == "z.test" ? 0 : std::stoi(path);
            if (level == 15) return ";" + std::string(10'000, 'x') + "\n";
            const std::string next = "$INCLUDE " + std::to_string(level + 1) + "\n";
            return next + next;
        },
        1'000'000);
    reader.read("z.test", *parse_name("z.test.", ""));
    REQUIRE_FALSE(reader.mistakes().empty());
    CHECK(reader.mistakes()[0].text == "the files are larger together than what is read of a zone, 1 GiB");
    CHECK(reader.files().size() < 300);
}

TEST_CASE("signatures that fit no message") {
    std::string lines;
    for (int i = 0; i < 700; ++i)
        lines += "ns1 RRSIG A 15 3 3600 20300101000000 20200101000000 " + std::to_string(i) + " z.test. " +
                 std::string(100, 'A') + "\n";
    CHECK(mistake(lines).contains("the signatures are 7"));
}

TEST_CASE("what a server could not serve is a mistake") {
    CHECK(mistake("a.other. A 192.0.2.1\n") == "z.test:5:1: a.other. is not in the zone z.test.");
    CHECK(mistake("a CNAME b\na A 192.0.2.1\n")
              .contains("a.z.test. has a CNAME record (line 5) and other data, A"));
    CHECK(mistake("a CNAME b\na CNAME c\n").contains("a second CNAME record"));
    CHECK(mistake("@ SOA a b 1 1 1 1 1\n").contains("a second SOA record"));
    CHECK(mistake("a SOA a b 1 1 1 1 1\n").contains("allowed: for the zone's own name"));
    CHECK(mistake("a A 192.0.2.1\na A 192.0.2.1\n").contains("the same record is in line 5 already"));
    CHECK(
        mistake("a 60 A 192.0.2.1\na 61 A 192.0.2.2\n").contains("with a TTL of 61, and with 60 in line 5"));
    CHECK(mistake("c NS ns.c\n").contains("there is no A or AAAA record for it (glue)"));
    CHECK(mistake("c NS ns.c\nns.c AAAA ::1\n") == "");
    CHECK(mistake("@ NS gone\n").contains("has neither an A nor an AAAA record"));
    CHECK(mistake("@ NS al\nal CNAME ns1\n").contains("is an alias"));
    CHECK(mistake("d DNAME e\nx.d A 192.0.2.1\n").contains("is below d.z.test., which has a DNAME record"));
    CHECK(mistake("a DS 1 8 2 00\n").contains("DS records belong to a delegation"));
    CHECK(mistake("@ NSEC3PARAM 1 0 151 -\n").contains("NSEC3 with 151 iterations; allowed: 150"));
    CHECK(compile_zones({{"z.test", "$TTL 1\n@ NS a.b.\n"}}).mistakes.at(0) ==
          "z.test: the zone z.test. has no SOA record");
}

TEST_CASE("names in canonical order (RFC 4034, section 6.1)") {
    std::vector<std::string> names = {"example.",         "a.example.",      "yljkjljk.a.example.",
                                      "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
                                      "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
    for (std::size_t i = 0; i + 1 < names.size(); ++i)
        CHECK(compare_canonically(lower(*parse_name(names[i], "")), lower(*parse_name(names[i + 1], ""))) <
              0);
}

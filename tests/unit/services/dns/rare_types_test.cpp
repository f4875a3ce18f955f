// Records of types that few zones have, against the bytes of their RFCs; both from text and checked on the
// wire.

#include <format>
#include <string>

#include <doctest/doctest.h>

#include "services/dns/master/rdata_wire.h"
#include "services/dns/master/record_format.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

namespace {

struct Read {
    std::string data;     // hexadecimal
    std::string mistake;  // "column: what", of line 1
};

Read read(const std::string& text) {
    const std::string line = "a 1 " + text + "\n";
    Reader reader([&](const std::string&) { return std::optional(line); });
    const auto records = reader.read("z.test", *parse_name("z.test.", ""));
    Read result;
    if (!reader.mistakes().empty()) {
        const Mistake& first = reader.mistakes()[0];
        result.mistake = std::format("{}: {}", first.where.column - 4, first.text);
        return result;
    }
    // What is written is what the wire's check takes.
    const Record& record = records.at(0);
    CHECK_MESSAGE(names_in(record.type, record.data), text);
    for (const char c : record.data) result.data += std::format("{:02x}", static_cast<unsigned char>(c));
    return result;
}

std::string data(const std::string& text) {
    const Read result = read(text);
    CHECK_MESSAGE(result.mistake == "", text);
    return result.data;
}

std::string mistake(const std::string& text) {
    return read(text).mistake;
}

}  // namespace

TEST_CASE("LOC: a place on earth (RFC 1876, section 4)") {
    CHECK(data("LOC 42 21 54 N 71 06 18 W -24m 30m") == "0033161389172dd070be15f000988d20");
    CHECK(data("LOC 42 21 43.952 S 71 5 6.344 E -24.05m 1m 200m") == "0012241376e8f9708f40d22800988d1b");
    // Only degrees; the poles, the date line, the deepest and the highest.
    CHECK(data("LOC 90 n 180 w -100000m") == "00121613934fd90059604e0000000000");
    CHECK(data("LOC 0 S 0 E 42849672.95 90000000.00m 0.00m 0.09") == "009900908000000080000000ffffffff");
    CHECK(mistake("LOC 91 N 0 E 0").starts_with("5: degrees up to 90, minutes and seconds up to 59"));
    CHECK(mistake("LOC 90 0 1 N 0 E 0").contains("this is more"));
    CHECK(mistake("LOC 1 60 N 0 E 0").starts_with("7: degrees up to 90"));
    CHECK(mistake("LOC 1 1 1.2345 N 0 E 0").starts_with("9: degrees up to 90"));
    CHECK(mistake("LOC 1 1 1 1 N 0 E 0").starts_with("11: degrees up to 90"));
    CHECK(mistake("LOC 1 E 0 E 0").starts_with("7: degrees up to 90"));
    CHECK(mistake("LOC 1 N 181 E 0").starts_with("9: degrees up to 180"));
    CHECK(mistake("LOC 1 N 1 E").ends_with("an altitude in metres, such as -24m is expected here"));
    CHECK(mistake("LOC 1 N 1 E -100000.01m").contains("-100000.00 to 42849672.95"));
    CHECK(mistake("LOC 1 N 1 E 42849672.96m").contains("-100000.00 to 42849672.95"));
    CHECK(mistake("LOC 1 N 1 E 0 -1m").starts_with("15: metres are expected here"));
    CHECK(mistake("LOC 1 N 1 E 0 1 1 1 1").contains("the data of LOC ends before this word"));
}

TEST_CASE("APL: networks (RFC 3123, section 5)") {
    CHECK(data("APL 1:192.168.32.0/21 !1:192.168.38.0/28") == "00011503c0a82000011c83c0a826");
    CHECK(data("APL 1:224.0.0.0/4 2:FF00:0:0:0:0:0:0:0/8") == "00010401e000020801ff");
    CHECK(data("APL !1:0.0.0.0/0") == "00010080");
    CHECK(data("APL") == "");
    for (const char* const wrong : {"192.0.2.0/24", "1:192.0.2.0", "1:192.0.2.0/33", "2:192.0.2.0/24",
                                    "3:192.0.2.0/24", "1:", "!", "1/", "/1", "1:/1", ":/"})
        CHECK(mistake(std::string("APL ") + wrong).starts_with("5: a network such as 1:192.0.2.0/24"));
}

TEST_CASE(
    "IPSECKEY, AMTRELAY: by what is said of the gateway (RFC 4025, section 3.2; RFC 8777, section 4.3.1)") {
    CHECK(data("IPSECKEY 10 0 2 . AAEC") == "0a0002000102");
    CHECK(data("IPSECKEY 10 1 2 192.0.2.38 AAEC") == "0a0102c0000226000102");
    CHECK(data("IPSECKEY 10 2 2 2001:db8::1 AA EC") == "0a020220010db8000000000000000000000001000102");
    CHECK(data("IPSECKEY 10 3 0 gw") == "0a0300026777017a047465737400");
    CHECK(mistake("IPSECKEY 10 4 2 . AAEC").starts_with("13: a type of gateway is expected here: 0 (none)"));
    CHECK(mistake("IPSECKEY 10 0 2 gw AAEC").starts_with("17: \".\", since there is no gateway"));
    CHECK(mistake("IPSECKEY 10 1 2 . AAEC").starts_with("17: an IPv4 address"));
    CHECK(mistake("IPSECKEY 10 2 2 1.2.3.4 AAEC").starts_with("17: an IPv6 address"));
    CHECK(data("AMTRELAY 10 0 1 203.0.113.15") == "0a01cb00710f");
    CHECK(data("AMTRELAY 10 1 0 .") == "0a80");
    CHECK(data("AMTRELAY 128 1 3 r.") == "8083017200");
    CHECK(mistake("AMTRELAY 10 2 0 .").starts_with("13: 0 or 1 is expected here"));
}

TEST_CASE("HIP: a host's identity and where to meet it (RFC 8005, section 6)") {
    CHECK(data("HIP 2 20010010 AAEC rvs r2.") == "040200032001001000010203727673017a04746573740002723200");
    CHECK(data("HIP 2 20010010 AAEC") == "0402000320010010000102");
    CHECK(mistake("HIP 256 20 AAEC").starts_with("5: a number from 0 to 255"));
    CHECK(mistake("HIP 2 2 AAEC").starts_with("7: a host identity tag is expected here"));
    CHECK(mistake("HIP 2 20 A").starts_with("10: a key is expected here"));
    CHECK(mistake("HIP 2 20 AAEC ..").starts_with("15: an empty label"));
}

TEST_CASE("types of RFC 1035 and 1183 that are older than most zones") {
    CHECK(data("WKS 10.0.0.1 TCP 25 53 smtp") == "0a0000010600000040000004");
    CHECK(data("WKS 10.0.0.1 17") == "0a00000111");
    CHECK(mistake("WKS 10.0.0.1 TCP sntp").starts_with("18: a port is expected here"));
    CHECK(
        mistake("WKS 10.0.0.1 XCP").starts_with("14: a protocol is expected here: a number, ICMP, TCP, UDP"));
    for (const char* const type : {"MD", "MF", "MB", "MG", "MR"})
        CHECK(data(type + std::string(" m.")) == "016d00");
    CHECK(data("X25 311061700956") == "0c333131303631373030393536");
    CHECK(data("ISDN 15 004") == "02313503303034");
    CHECK(data("ISDN 15") == "023135");
    CHECK(data("RT 10 m.") == "000a016d00");
    CHECK(data("PX 10 m. x.") == "000a016d00017800");
    CHECK(data("NSAP 0x47.0005.80") == "47000580");
    CHECK(mistake("NSAP 47").starts_with("6: an NSAP address"));
    CHECK(data("GPOS -32.6 116.8 10.0") == "052d33322e36053131362e380431302e30");
}

TEST_CASE("locators (RFC 6742, section 2)") {
    CHECK(data("NID 10 0014:4fff:ff20:ee64") == "000a00144fffff20ee64");
    CHECK(data("L64 10 2001:db8:1140:1") == "000a20010db811400001");
    CHECK(data("L32 10 10.1.2.0") == "000a0a010200");
    CHECK(data("LP 10 m.") == "000a016d00");
    for (const char* const wrong : {"1:2:3", "1:2:3:4:5", "1::3:4", "12345:2:3:4", "1:2:3:", "1:2:3:x"})
        CHECK(mistake(std::string("NID 10 ") + wrong).starts_with("8: a locator or identifier of 64 bits"));
}

TEST_CASE("bytes that are not what a type consists of") {
    for (const char* const wrong :
         {"TYPE29 \\# 16 01000000000000000000000000000000", "TYPE29 \\# 15 000000000000000000000000000000",
          "TYPE42 \\# 4 00012100", "TYPE42 \\# 5 0001080100", "TYPE42 \\# 3 000108", "TYPE45 \\# 3 0a0402",
          "TYPE45 \\# 4 0a010201", "TYPE55 \\# 4 05020000", "TYPE55 \\# 5 0002000001", "TYPE260 \\# 2 0a04"})
        CHECK_MESSAGE(mistake(wrong).contains("these bytes are not what the data of"), wrong);
    CHECK(data("TYPE42 \\# 7 00011503c0a820") == "00011503c0a820");
}

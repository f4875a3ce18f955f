// Every kind of mistake in a zone file: where it is said to be, and what is expected there.

#include <string>

#include <doctest/doctest.h>

#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

namespace {

struct Wrong {
    const char* lines;    // which begin in line 5
    const char* mistake;  // how it begins: "LINE:COLUMN: what"
};

constexpr Wrong kWrong[] = {
    {"a A", "5:4: an IPv4 address such as 192.0.2.1 is expected here"},
    {"a A 1.2.3.4.5", "5:5: an IPv4 address such as 192.0.2.1 is expected here"},
    {"a A 01.2.3.4", "5:5: an IPv4 address such as 192.0.2.1 is expected here"},
    {"a A 300.1.1.1", "5:5: an IPv4 address such as 192.0.2.1 is expected here"},
    {"a AAAA :::1", "5:8: an IPv6 address such as 2001:db8::1 is expected here"},
    {"a AAAA 1.2.3.4", "5:8: an IPv6 address such as 2001:db8::1 is expected here"},
    {"a AAAA fe80::1%eth0", "5:8: an IPv6 address such as 2001:db8::1 is expected here"},
    {"a MX mail", "5:6: a number from 0 to 65535 is expected here"},
    {"a MX 10", "5:8: a domain name is expected here"},
    {"a MX -1 m", "5:6: a number from 0 to 65535 is expected here"},
    {"a MX 70000 m", "5:6: a number from 0 to 65535 is expected here"},
    {"a TXT", "5:6: text is expected here"},
    {"a TXT \"x", "5:7: a quotation mark is opened and not closed in this line"},
    {"a CNAME", "5:8: a domain name is expected here"},
    {"a CNAME b c", "5:11: the data of CNAME ends before this word"},
    {"a SRV 1 2 3", "5:12: a domain name is expected here"},
    {"a SRV 1 2 99999 t", "5:11: a number from 0 to 65535 is expected here"},
    {"a CAA 256 issue x", "5:7: a number from 0 to 255 is expected here"},
    {"a CAA 0 is-sue x", "5:9: a property tag of letters and digits is expected here, suc"},
    {"a CAA 0 issue", "5:14: text is expected here"},
    {"a NAPTR 1 2 s s", "5:16: text is expected here"},
    {"a PTR ..", "5:7: an empty label, between two dots; only the root's is empty"},
    {"a NS", "5:5: a domain name is expected here"},
    {"a SOA a b c", "5:11: a number from 0 to 4294967295 is expected here"},
    {"a TTL 5", "5:3: \"TTL\" is no record type"},
    {"a 99999999999 A 1.1.1.1", "5:3: \"99999999999\" is no TTL; allowed: seconds up to 2147483647"},
    {"a 1x A 1.1.1.1", "5:3: \"1x\" is no TTL; allowed: seconds up to 2147483647, or such"},
    {"$TTL", "5:5: $TTL needs seconds behind it"},
    {"$TTL x", "5:6: seconds are expected here: a number up to 2147483647, or s"},
    {"$TTL 1 2", "5:8: $TTL ends before this word"},
    {"$ORIGIN", "5:8: $ORIGIN needs a name behind it"},
    {"$ORIGIN a..b.", "5:9: an empty label, between two dots; only the root's is empty"},
    {"$INCLUDE", "5:9: $INCLUDE needs a file behind it"},
    {"$BOGUS 1", "5:1: \"$BOGUS\" is no directive; allowed: $ORIGIN, $TTL, $INCLUDE"},
    {"a IN IN A 1.1.1.1", "5:6: \"IN\" is no record type"},
    {"a CH A 1.1.1.1", "5:3: the class \"CH\" is not served; allowed: IN"},
    {"a HS A 1.1.1.1", "5:3: the class \"HS\" is not served; allowed: IN"},
    {"a CLASS3 A 1.1.1.1", "5:3: the class \"CLASS3\" is not served; allowed: IN"},
    {"(", "5:1: a parenthesis is opened and not closed"},
    {"a A ( 1.1.1.1", "5:5: a parenthesis is opened and not closed"},
    {")", "5:1: a closing parenthesis without an opening one"},
    {"a A 1.1.1.1 )", "5:13: a closing parenthesis without an opening one"},
    {"a ( ( A 1.1.1.1 ) )", "5:5: a parenthesis inside the one of line 5, column 3; they do "},
    {"a\\", "5:1: a backslash at the end of the line escapes nothing"},
    {"a\\999 A 1.1.1.1", "5:1: an escape that is none; allowed: \\ and a character, or \\00"},
    {"a\\25 A 1.1.1.1", "5:1: an escape that is none; allowed: \\ and a character, or \\00"},
    {"a TXT \"\\256\"", "5:7: an escape that is none; allowed: \\ and a character, or \\00"},
    {"a DS 1 8 2 zz", "5:12: an even number of hexadecimal digits is expected from here"},
    {"a DS 1 FOO 2 00", "5:8: an algorithm is expected here: a number, RSAMD5, DH, DSA, "},
    {"a DS 1 8 2", "5:11: hexadecimal digits is expected here"},
    {"a TLSA 3 1 1 abc", "5:14: an even number of hexadecimal digits is expected from here"},
    {"a TLSA 3 1", "5:11: a number from 0 to 255 is expected here"},
    {"a SVCB 1", "5:9: a domain name is expected here"},
    {"a SVCB 1 . alpn", "5:12: alpn needs a value"},
    {"a SVCB 1 . alpn=", "5:12: alpn needs a value"},
    {"a SVCB 1 . ipv4hint=x", "5:12: \"x\" is not an IPv4 address"},
    {"a SVCB 1 . port=99999", "5:12: port is a number from 0 to 65535"},
    {"a SVCB 1 . foo=bar", "5:12: this is no parameter of a service; allowed: mandatory, alp"},
    {"a SVCB 1 . port=1 port=2", "5:19: a parameter is given twice"},
    {"a SVCB 1 . mandatory=port", "5:12: mandatory names a parameter that is not there"},
    {"a HTTPS 70000 .", "5:9: a number from 0 to 65535 is expected here"},
    {"a RRSIG A 5 3 86400 2003 20030220173103 2642 e. AAEC",
     "5:1: a signature of a.z.test. A, and there are no such records"},
    {"a NSEC", "5:7: a domain name is expected here"},
    {"a NSEC x FOO", "5:10: a record type is expected here"},
    {"a NSEC3 1 1 1 zz 00 A", "5:15: a salt is expected here: hexadecimal digits of at most 255"},
    {"a NSEC3PARAM 1 0 1", "5:19: a salt is expected here"},
    {"a DNSKEY 256 3 8", "5:17: base64 is expected here"},
    {"a DNSKEY 256 3 8 ===", "5:18: base64 is expected from here on"},
    {"a CERT PKIX 1 8 !!", "5:17: base64 is expected from here on"},
    {"a SSHFP 4 2 xyz", "5:13: an even number of hexadecimal digits is expected from here"},
    {"a EUI48 00-00", "5:9: an EUI-48 such as 00-00-5e-00-53-2a is expected here"},
    {"a EUI64 00-00-5e-00-53-2a", "5:9: an EUI-64 such as 00-00-5e-ef-10-00-00-2a is expected here"},
    {"a URI 1 1", "5:10: text is expected here"},
    {"a TYPE65280 abc", "5:13: the data of TYPE65280 is written as \\# SIZE HEXADECIMAL (R"},
    {"a TYPE65280 \\# 1", "5:17: hexadecimal digits is expected here"},
    {"a TYPE65280 \\# x 00", "5:16: the size of the data in bytes is expected, 0 to 65535"},
    {"a TYPE65280 \\# 2 0", "5:18: an even number of hexadecimal digits is expected from here"},
    {"a TYPE99999 \\# 0", "5:3: \"TYPE99999\" is no record type"},
    {"a TYPE0 \\# 0", "5:3: TYPE0 is a type for messages, not for zones"},
    {"a AXFR", "5:3: \"AXFR\" is no record type"},
    {"a OPT", "5:3: \"OPT\" is no record type"},
    {"a ANY", "5:3: the class \"ANY\" is not served; allowed: IN"},
    {"a TSIG x", "5:3: \"TSIG\" is no record type"},
    {"d DNAME e\nd DNAME f", "6:1: a second DNAME record; a name has one"},
    {"d DNAME e\nd CNAME f", "5:1: d.z.test. has a CNAME record (line 6) and other data, DNAM"},
    {"d DNAME e\nd.d A 1.1.1.1", "6:1: d.d.z.test. is below d.z.test., which has a DNAME record: "},
    {"x.other. A 1.1.1.1", "5:1: x.other. is not in the zone z.test."},
    {"c NS ns.c", "5:1: the name server ns.c.z.test. is below the delegation, and "},
    {"@ NS nope", "5:1: the name server nope.z.test. is in the zone, and has neith"},
    {"@ NS al\nal CNAME ns1", "5:1: al.z.test. is an alias; a name server is named by its own "},
    {"a CNAME b\na TXT x", "6:1: a.z.test. has a CNAME record (line 5) and other data, TXT:"},
    {"a CNAME b\na CNAME c", "6:1: a second CNAME record; a name has one"},
    {"a 1 A 1.1.1.1\na 2 A 1.1.1.2", "6:1: a.z.test. A with a TTL of 2, and with 1 in line 5: the rec"},
    {"a A 1.1.1.1\na A 1.1.1.1", "6:1: a.z.test. A: the same record is in line 5 already"},
    {"a DS 1 8 2 00", "5:1: a.z.test. DS: DS records belong to a delegation, and there"},
    {"@ NSEC3PARAM 1 0 500 -", "5:1: NSEC3 with 500 iterations; allowed: 150 (RFC 9276 recommen"},
    {"@ NSEC3PARAM 2 0 1 -", "5:1: NSEC3 with a hash other than SHA-1 (1); there is no other"},
    {"@ SOA x y 1 1 1 1 1", "5:1: a second SOA record; a zone has one"},
    {"b SOA x y 1 1 1 1 1", "5:1: an SOA record for b.z.test.; allowed: for the zone's own n"},
    {"a\tIN\tA", "5:7: an IPv4 address such as 192.0.2.1 is expected here"},
    {"a \"A\" 1.1.1.1", "5:3: \"A\" is no record type"},
    {"a NULL x", "5:3: \"NULL\" is no record type"},
};

}  // namespace

TEST_CASE("each mistake has its place and says what is expected") {
    constexpr std::string_view kHead = "$TTL 1h\n@ SOA ns1 h 1 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.1\n";
    for (const Wrong& wrong : kWrong) {
        const auto zones = compile_zones({{"z.test", std::string(kHead) + wrong.lines + "\n"}});
        REQUIRE_MESSAGE(!zones.mistakes.empty(), wrong.lines);
        CHECK_MESSAGE(zones.mistakes[0].starts_with(std::string("z.test:") + wrong.mistake),
                      zones.mistakes[0]);
        CHECK(zones.table.empty());
    }
}

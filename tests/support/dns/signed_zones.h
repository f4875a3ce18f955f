#pragma once

// Zones with the records of DNSSEC, for tests of what is put into answers; the signatures are none.

#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha1.h"
#include "services/dns/master/name_text.h"

namespace holm::dns {

inline constexpr std::string_view kSignedHead =
    "$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 604800 300\n@ NS ns1\nns1 A 192.0.2.1\n"
    "@ RRSIG SOA 15 2 3600 20300101000000 20200101000000 1 @ AAAA\n";

// RFC 5155, section 5, without salt and iterations: in base32hex.
inline std::string nsec3_hash(const std::string& name) {
    const WireName wire = *parse_name(name, WireName(1, '\0'));
    std::string text;
    unsigned bits = 0, count = 0;
    for (const std::uint8_t one : sha1(as_bytes(std::string_view(wire)))) {
        bits = bits << 8 | one;
        for (count += 8; count >= 5; count -= 5)
            text += "0123456789abcdefghijklmnopqrstuv"[bits >> (count - 5) & 31];
    }
    return text;
}

// The chain of NSEC3 records of some names, all with opt-out.
class Nsec3Chain {
  public:
    explicit Nsec3Chain(const std::vector<std::string>& names) {
        for (const std::string& name : names) hashes_[nsec3_hash(name)] = name;
    }
    std::string records() const {
        std::string text = "@ NSEC3PARAM 1 0 0 -\n";
        for (auto at = hashes_.begin(); at != hashes_.end(); ++at) {
            const auto next = std::next(at) == hashes_.end() ? hashes_.begin() : std::next(at);
            text += at->first + " NSEC3 1 1 0 - " + next->first + " A\n";
        }
        return text;
    }
    // The hash whose record matches a name or shows that there is none.
    std::string covering(const std::string& name) const {
        const auto behind = hashes_.upper_bound(nsec3_hash(name));
        return behind == hashes_.begin() ? hashes_.rbegin()->first : std::prev(behind)->first;
    }

  private:
    std::map<std::string, std::string> hashes_;  // name by hash
};

// Names that are there, a wildcard, one that only leads to names, delegations with and without DS records.
inline constexpr std::string_view kSignedBody = R"(www CNAME ns1
*.wild TXT "w"
sub.* TXT "below"
insecure.ent NS ns.elsewhere.test.
secure NS ns.elsewhere.test.
secure DS 1 15 2 00
)";

inline std::string nsec_zone() {
    return std::string(kSignedHead) + std::string(kSignedBody) + R"(@ NSEC sub.* NS SOA RRSIG NSEC
sub.* NSEC insecure.ent TXT NSEC
insecure.ent NSEC ns1 NS NSEC
ns1 NSEC secure A NSEC
secure NSEC *.wild NS DS NSEC
*.wild NSEC www TXT NSEC
www NSEC @ CNAME NSEC
)";
}

inline std::string nsec3_zone(const std::string& origin) {
    std::vector<std::string> names{origin};
    for (const char* name : {"ns1", "www", "wild", "*.wild", "*", "sub.*", "secure"})
        names.push_back(std::string(name) + '.' + origin);
    return std::string(kSignedHead) + std::string(kSignedBody) + Nsec3Chain(names).records();
}

}  // namespace holm::dns

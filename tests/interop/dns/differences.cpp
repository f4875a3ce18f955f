#include "tests/interop/dns/differences.h"

#include <algorithm>

#include "net/wire/dns.h"
#include "services/dns/protocol.h"

namespace holm::dns_compare {

namespace {

using net::wire::DnsHeader;

std::string unexplained(const Message& ours, const Message& theirs) {
    if (ours.question != theirs.question) return "the question";
    const auto same = [&](std::uint16_t flags) { return ((ours.flags ^ theirs.flags) & flags) == 0; };
    if (!same(DnsHeader::kTruncated)) return "TC";
    if (ours.code != theirs.code) return "the response code";
    if (!same(DnsHeader::kAuthoritative)) return "AA";
    if (!same(0xffff)) return "flags";
    if (ours.has_edns != theirs.has_edns) return "EDNS";
    if (ours.dnssec != theirs.dnssec) return "DO";
    // What did not fit may be left out in any way: the client comes back by TCP.
    if ((ours.flags & DnsHeader::kTruncated) != 0) return "";
    constexpr const char* kNames[] = {"the answer section", "the authority section",
                                      "the additional section"};
    for (unsigned i = 0; i < 3; ++i) {
        if (ours.sections[i] != theirs.sections[i]) return kNames[i];
    }
    return "";
}

bool starts_with_alias(const Message& message) {
    return std::ranges::any_of(message.sections[0],
                               [](const std::string& record) { return record.contains(" CNAME "); });
}

// The additional sections, sorted: one is the other without some records.
bool one_has_what_the_other_has(const Message& ours, const Message& theirs) {
    return std::ranges::includes(ours.sections[2], theirs.sections[2]) ||
           std::ranges::includes(theirs.sections[2], ours.sections[2]);
}

// Where answers had to be cut off.
std::size_t room_for(const Message& query) {
    return query.has_edns ? std::clamp<std::size_t>(query.udp_size, 512, 1232) : 512;
}

// A label behind the first that could be a hash in base32hex.
bool is_below_hash(const std::string& question) {
    for (std::size_t dot = question.find('.'), next; (next = question.find('.', dot + 1)) != question.npos;
         dot = next) {
        if (next - dot - 1 == 32) return true;
    }
    return false;
}

// The list of docs/dns.md, in its order.
std::string explain(const Message& query, const Message& ours, const Message& theirs,
                    const std::string& what) {
    if (ours.type == dns::type::kAny) return "ANY: one RRset (RFC 8482, section 4.1)";
    if (ours.type == dns::type::kRrsig && ours.code == theirs.code)
        return "RRSIG: all of a name's, or one (RFC 8482, section 7), of an alias or of what it stands for";
    const bool is_denial =
        ours.type == dns::type::kNsec || ours.type == dns::type::kNsec3 || ours.type == dns::type::kRrsig;
    const bool is_cut_off = ((ours.flags | theirs.flags) & DnsHeader::kTruncated) != 0;
    if (is_denial && (is_cut_off || starts_with_alias(ours) != starts_with_alias(theirs)))
        return "NSEC, NSEC3 of an alias: of what it stands for (RFC 1034, section 4.3.2, step 3a)";
    if (query.has_edns && query.udp_size < 512 && theirs.code == 1 && !theirs.has_edns)
        return "EDNS with a size below 512: as if it were 512 (RFC 6891, section 6.2.3)";
    // Nobody's NSEC3 names are names of a zone; NSD takes them for ancestors of others.
    if (query.dnssec && is_below_hash(ours.question))
        return "below the name of an NSEC3 record, which does not exist (RFC 5155, section 7.2.8)";
    if (what == "the authority section" && ours.type == dns::type::kNsec && !ours.sections[0].empty())
        return "NSEC by a wildcard: the proof that the name is not there, under the name of the wildcard "
               "(RFC 4035, "
               "section 3.1.3.3)";
    const bool is_nearly_full = std::max(ours.size, theirs.size) > room_for(query) * 3 / 4;
    if (what == "TC" && is_nearly_full)
        return "TC: names are compressed more or less well (RFC 1035, section 4.1.4)";
    if (what == "the additional section" && is_nearly_full && one_has_what_the_other_has(ours, theirs))
        return "additional: signatures that do not fit are left out (RFC 4035, section 3.1.1)";
    if (what == "the additional section" && !ours.sections[0].empty())
        return "additional: addresses beside an answer are a convenience (RFC 2181, section 5.4.1)";
    if (what == "the authority section" && query.dnssec && ours.question.starts_with("*."))
        return "a question for \"*\" itself: no proof that a wildcard was used (RFC 4592, section 2.2.1)";
    return "";
}

}  // namespace

Difference find_difference(const Message& query, const Message& ours, const Message& theirs) {
    std::string what = unexplained(ours, theirs);
    if (what.empty()) return {};
    std::string why = explain(query, ours, theirs, what);
    if (!why.empty()) return {std::move(why), true};
    return {std::move(what), false};
}

}  // namespace holm::dns_compare

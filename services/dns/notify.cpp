#include "services/dns/notify.h"

#include <algorithm>
#include <array>

#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/message_writer.h"
#include "services/dns/name_key.h"
#include "services/dns/protocol.h"

namespace holm::dns {

using net::wire::DnsHeader;
using net::wire::DnsQuestionTail;

namespace {

constexpr std::uint16_t kNotify = static_cast<std::uint16_t>(Operation::kNotify) << 11;

}  // namespace

std::size_t make_notify(const ZoneTable& table, const table::Zone& zone, std::uint16_t id, MutableBytes out) {
    std::array<std::byte, kMaximumName + sizeof(DnsQuestionTail)> question;
    const Bytes name = table.node(zone.apex).name();
    std::copy(name.begin(), name.end(), question.begin());
    net::wire::store(MutableBytes(question).subspan(name.size()),
                     DnsQuestionTail{type::kSoa, kind::kInternet});
    MessageWriter writer(out, Bytes(question).first(name.size() + sizeof(DnsQuestionTail)), name.size());
    writer.set_apex(name.size());
    writer.limit(kMinimumUdp);
    // The SOA record is a hint that may be left out (section 3.7).
    writer.add(Section::kAnswer, table.set(table.soa(zone)->set), {});
    writer.finish(id, kNotify | DnsHeader::kAuthoritative);
    return writer.size();
}

bool answers_notify(const ZoneTable& table, const table::Zone& zone, std::uint16_t id, Bytes message) {
    if (message.size() < sizeof(DnsHeader)) return false;
    const auto header = net::wire::load<DnsHeader>(message);
    if (header.id != id ||
        (header.flags & (DnsHeader::kResponse | DnsHeader::kOperation)) != (DnsHeader::kResponse | kNotify))
        return false;
    if (header.questions == 0) return true;  // of who did not understand it: nothing better will come
    const Bytes apex = table.node(zone.apex).name();
    NameKey name;
    return name.assign(message.subspan(sizeof(DnsHeader))) != 0 && name.matches(0, apex.data(), apex.size());
}

}  // namespace holm::dns

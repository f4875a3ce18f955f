#include "services/dns/query.h"

#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/message_walk.h"

namespace holm::dns {

using net::wire::DnsHeader;
using net::wire::DnsQuestionTail;
using net::wire::DnsRecordTail;

namespace {

constexpr std::uint16_t kOptionIdentity = 3, kOptionCookie = 10, kOptionTimeout = 11;
constexpr std::size_t kSoaNumbers = 20;  // bytes

struct OptionHead {
    NetU16 code, size;
};

}  // namespace

Query::Outcome Query::parse(Bytes message) {
    if (message.size() < sizeof(DnsHeader)) return Outcome::kNotQuery;
    const auto header = net::wire::load<DnsHeader>(message);
    id = header.id;
    flags = header.flags;
    edns.reset();
    serial.reset();
    signature.reset();
    if ((flags & DnsHeader::kResponse) != 0) return Outcome::kNotQuery;
    if (operation() != Operation::kQuery && operation() != Operation::kNotify) return Outcome::kUnsupported;
    if (header.questions > 1) return Outcome::kMalformed;  // RFC 9619
    std::size_t at = sizeof(DnsHeader);
    if (header.questions == 1) {
        const std::size_t size = name.assign(message.subspan(at));
        if (size == 0 || message.size() - at - size < sizeof(DnsQuestionTail)) return Outcome::kMalformed;
        const auto tail = net::wire::load<DnsQuestionTail>(message.subspan(at + size));
        type = tail.type;
        kind = tail.kind;
        question = message.subspan(at, size + sizeof(DnsQuestionTail));
        at += question.size();
    } else {
        question = {};
    }
    // The usual query: nothing behind the question.
    if (at == message.size() && header.answers == 0 && header.authorities == 0 && header.additionals == 0)
        return header.questions == 1 ? Outcome::kQuery : Outcome::kMalformed;
    std::size_t before = std::size_t{header.answers} + header.authorities;
    for (; before > 0; --before) {
        at = skip_name(message, at);
        if (at == 0 || message.size() - at < sizeof(DnsRecordTail)) return Outcome::kMalformed;
        const auto tail = net::wire::load<DnsRecordTail>(message.subspan(at));
        at += sizeof(DnsRecordTail);
        if (tail.size > message.size() - at) return Outcome::kMalformed;
        at += tail.size;
        // Behind two names the data of an SOA record ends with five numbers, the serial first.
        if (tail.type == type::kSoa && before <= header.authorities && tail.size >= 2 + kSoaNumbers)
            serial = net::wire::load<NetU32>(message.subspan(at - kSoaNumbers));
        if (tail.type == type::kTsig) return Outcome::kMalformed;
    }
    for (std::size_t i = header.additionals; i > 0; --i) {
        const std::size_t begin = at;
        at = skip_name(message, at);
        if (at == 0 || message.size() - at < sizeof(DnsRecordTail)) return Outcome::kMalformed;
        const auto tail = net::wire::load<DnsRecordTail>(message.subspan(at));
        at += sizeof(DnsRecordTail);
        if (tail.size > message.size() - at) return Outcome::kMalformed;
        if (tail.type == type::kOpt) {
            // One, and of the root (RFC 6891, section 6.1.1).
            if (edns || message[begin] != std::byte{0}) return Outcome::kMalformed;
            const std::uint32_t extended = tail.lifetime;
            edns.emplace();
            edns->udp_size = tail.kind;
            edns->version = static_cast<std::uint8_t>(extended >> 16);
            edns->wants_dnssec = (extended & 0x8000) != 0;
            if (edns->version == 0 && !parse_options(message.subspan(at, tail.size)))
                return Outcome::kMalformed;
        } else if (tail.type == type::kTsig) {
            // Behind everything else (RFC 8945, section 5.1).
            if (i != 1 || at + tail.size != message.size()) return Outcome::kMalformed;
            signature = TsigRecord::read(message, begin);
            if (!signature) return Outcome::kMalformed;
        }
        at += tail.size;
    }
    if (at != message.size()) return Outcome::kMalformed;
    // A query without a question may ask for a cookie (RFC 7873, section 5.4).
    if (header.questions == 0 && (!edns || edns->cookie.empty())) return Outcome::kMalformed;
    return signature ? Outcome::kSigned : Outcome::kQuery;
}

bool Query::parse_options(Bytes options) {
    while (!options.empty()) {
        if (options.size() < sizeof(OptionHead)) return false;
        const auto head = net::wire::load<OptionHead>(options);
        options = options.subspan(sizeof(OptionHead));
        if (head.size > options.size()) return false;
        const Bytes data = options.first(head.size);
        if (head.code == kOptionIdentity) {
            edns->wants_identity = true;
        } else if (head.code == kOptionTimeout) {
            edns->wants_timeout = true;
        } else if (head.code == kOptionCookie && edns->cookie.empty()) {
            // RFC 7873, section 5.2.2: 8 bytes of the client's, 8 to 32 of the server's or none.
            if (data.size() != 8 && (data.size() < 16 || data.size() > 40)) return false;
            edns->cookie = data;
        }
        options = options.subspan(head.size);
    }
    return true;
}

}  // namespace holm::dns

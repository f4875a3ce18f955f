#include "tests/interop/dns/message.h"

#include <algorithm>
#include <format>

#include "net/resolve/name.h"
#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/master/name_text.h"
#include "services/dns/master/record_format.h"

namespace holm::dns_compare {

namespace {

using net::resolve::DomainName;

std::string name_text(const DomainName& name) {
    return dns::to_text(dns::lower(std::string(as_text(name.wire()))));
}

// Data with its names in full, as hexadecimal.
std::optional<std::string> data_text(Bytes message, std::size_t at, std::size_t size, std::uint16_t type) {
    const std::size_t end = at + size;
    std::string text;
    const auto* format = dns::find_format(type);
    for (const char field : format != nullptr ? format->fields : std::string_view()) {
        std::size_t bytes = 0;
        switch (field) {
            case 'N':
            case 'n': {
                const auto name = DomainName::read(message, at, at);
                if (!name || at > end) return std::nullopt;
                text += name_text(*name) + ' ';
                continue;
            }
            case '1':
            case 'a':
                bytes = 1;
                break;
            case '2':
            case 'T':
            case 'c':
                bytes = 2;
                break;
            case '4':
            case 't':
            case 'd':
                bytes = 4;
                break;
            case 's':
                bytes = at < end ? 1 + std::to_integer<std::size_t>(message[at]) : 1;
                break;
            default:
                bytes = end - at;
        }
        if (at + bytes > end) return std::nullopt;
        for (; bytes > 0; --bytes) text += std::format("{:02x}", std::to_integer<unsigned>(message[at++]));
        text += ' ';
    }
    while (at < end) text += std::format("{:02x}", std::to_integer<unsigned>(message[at++]));
    return text;
}

}  // namespace

std::optional<Message> parse(Bytes bytes) {
    using net::wire::DnsHeader;
    if (bytes.size() < sizeof(DnsHeader)) return std::nullopt;
    const auto header = net::wire::load<DnsHeader>(bytes);
    Message message;
    message.size = bytes.size();
    message.flags = header.flags;
    message.code = message.flags & DnsHeader::kCode;
    std::size_t at = sizeof(DnsHeader);
    for (unsigned i = 0; i < header.questions; ++i) {
        const auto name = DomainName::read(bytes, at, at);
        if (!name || bytes.size() - at < 4) return std::nullopt;
        // Letters as they were sent: they must come back so.
        message.question += dns::to_text(as_text(name->wire())) +
                            std::format(" {:02x}{:02x} ", std::to_integer<unsigned>(bytes[at]),
                                        std::to_integer<unsigned>(bytes[at + 1]));
        message.type = net::wire::load<net::wire::DnsQuestionTail>(bytes.subspan(at)).type;
        at += 4;
    }
    const unsigned counts[] = {header.answers, header.authorities, header.additionals};
    for (unsigned section = 0; section < 3; ++section) {
        for (unsigned i = 0; i < counts[section]; ++i) {
            const auto name = DomainName::read(bytes, at, at);
            if (!name || bytes.size() - at < sizeof(net::wire::DnsRecordTail)) return std::nullopt;
            const auto tail = net::wire::load<net::wire::DnsRecordTail>(bytes.subspan(at));
            at += sizeof(tail);
            if (tail.size > bytes.size() - at) return std::nullopt;
            const std::uint32_t ttl = tail.lifetime;
            if (tail.type == 41) {
                message.has_edns = true;
                message.udp_size = tail.kind;
                message.dnssec = (ttl & 0x8000) != 0;
                message.code |= ttl >> 24 << 4;
            } else {
                const auto data = data_text(bytes, at, tail.size, tail.type);
                if (!data) return std::nullopt;
                message.sections[section].push_back(std::format("{} {} {} {} {}", name_text(*name), ttl,
                                                                unsigned(tail.kind),
                                                                dns::type_text(tail.type), *data));
            }
            at += tail.size;
        }
        std::ranges::sort(message.sections[section]);
    }
    return at == bytes.size() ? std::optional(std::move(message)) : std::nullopt;
}

std::string to_text(const Message& message) {
    std::string text = std::format("    flags {:04x} code {}{}\n", message.flags, message.code,
                                   message.has_edns ? " EDNS" : "");
    constexpr std::string_view kNames[] = {"answer", "authority", "additional"};
    for (unsigned section = 0; section < 3; ++section) {
        for (const std::string& record : message.sections[section])
            text += std::format("    {}: {}\n", kNames[section], record.substr(0, 160));
    }
    return text;
}

}  // namespace holm::dns_compare

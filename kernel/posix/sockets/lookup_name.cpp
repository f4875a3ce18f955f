// getaddrinfo and gethostbyname ask the core's resolver: its cache, its several servers, TCP where an answer
// is long. This takes the place of musl's function that sends datagrams by itself.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/network/network.h"
#include "kernel/posix/sockets/interface_names.h"
#include "kernel/posix/tree.h"
#include "kernel/posix/wait.h"
#include "kernel/task/block_on.h"
#include "net/address_text.h"

namespace holm::posix {
namespace {

// musl 1.2.3, src/network/lookup.h.
struct MuslAddress {
    int family;
    unsigned scope;
    std::uint8_t bytes[16];  // network order
    int sort_key;
};
constexpr std::size_t kMostAddresses = 48;  // MAXADDRS: what the caller has room for

Resolver::Families families_of(int family) {
    if (family == AF_INET) return Resolver::Families::kV4;
    return family == AF_INET6 ? Resolver::Families::kV6 : Resolver::Families::kBoth;
}

bool wants(int family, const net::IpAddress& address) {
    return family == AF_UNSPEC || address.is_v4() == (family == AF_INET);
}

void write(const net::IpAddress& address, MuslAddress& to) {
    to = {.family = address.is_v4() ? AF_INET : AF_INET6, .scope = address.zone()};
    const auto& bytes = address.bytes();
    std::copy(address.is_v4() ? bytes.end() - 4 : bytes.begin(), bytes.end(), to.bytes);
}

// A zone may be the name of an interface too: "fe80::1%lan" (RFC 4007, section 11).
std::optional<net::IpAddress> parse_literal(std::string_view text) {
    if (const auto address = net::parse_address(text)) return address;
    const std::size_t percent = text.find('%');
    if (percent == text.npos) return std::nullopt;
    const auto address = net::parse_address(text.substr(0, percent));
    const std::uint8_t zone = zone_named(text.substr(percent + 1));
    if (!address || !address->needs_zone() || zone == 0) return std::nullopt;
    return address->with_zone(zone);
}

std::string_view next_word(std::string_view& line) {
    constexpr std::string_view kSpace = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kSpace));
    line.remove_prefix(word.size());
    return word;
}

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// The addresses that an embedded /etc/hosts gives to a name.
ResolvedAddresses from_hosts_file(std::string_view name, int family) {
    ResolvedAddresses found;
    Node node;
    if (look_up(AT_FDCWD, "/etc/hosts", node) < 0 || !node.file) return found;
    std::string_view text = as_text(node.file->contents());
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        line = line.substr(0, line.find('#'));
        const auto address = net::parse_address(next_word(line));
        if (!address || !wants(family, *address)) continue;
        for (std::string_view word = next_word(line); !word.empty(); word = next_word(line))
            if (same_name(word, name)) found.add(*address);
    }
    return found;
}

// A program may ask for names before DHCP has answered.
void await_addresses() {
    const Instant deadline = executor().now() + Duration::seconds(5);
    while (!network().configured().is_set() && executor().now() < deadline) {
        blocking_fiber("getaddrinfo");
        Fiber::suspend(executor().now() + Duration::milliseconds(10));
    }
}

int error_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kNotFound:
        case ErrorCode::kNoData:
        case ErrorCode::kInvalid:
            return EAI_NONAME;
        case ErrorCode::kOutOfMemory:
        case ErrorCode::kNoBuffers:
        case ErrorCode::kTooManyOpen:
            return EAI_MEMORY;
        case ErrorCode::kBadMessage:
            return EAI_FAIL;
        default:
            return EAI_AGAIN;
    }
}

// Where a service listens, or where one of this host is reached, when no name is given.
ResolvedAddresses without_name(int family, int flags) {
    const bool passive = (flags & AI_PASSIVE) != 0;
    ResolvedAddresses found;
    const net::IpAddress choices[] = {passive ? net::IpAddress::any_v4() : net::IpAddress::v4(127, 0, 0, 1),
                                      passive ? net::IpAddress() : net::IpAddress::loopback_v6()};
    for (const net::IpAddress& address : choices)
        if (wants(family, address)) found.add(address);
    return found;
}

}  // namespace

// The number of addresses written, or EAI_ something.
extern "C" [[gnu::visibility("hidden")]] int __lookup_name(MuslAddress* addresses, char* canonical,
                                                           const char* name, int family, int flags) {
    *canonical = '\0';
    // AI_V4MAPPED: IPv4 addresses in their IPv6 form, where there are no others.
    const bool mapped = family == AF_INET6 && (flags & AI_V4MAPPED) != 0;
    ResolvedAddresses found;
    if (name == nullptr) {
        found = without_name(family, flags);
    } else {
        const std::string_view text(name, strnlen(name, 255));
        if (text.empty() || text.size() == 255) return EAI_NONAME;
        std::copy(text.begin(), text.end(), canonical);
        canonical[text.size()] = '\0';
        const auto literal = parse_literal(text);
        if (literal && !wants(family, *literal) && !mapped) return EAI_NONAME;
        if (literal) {
            found.add(*literal);
        } else if ((flags & AI_NUMERICHOST) != 0) {
            return EAI_NONAME;
        } else if (found = from_hosts_file(text, family); found.count == 0) {
            await_addresses();
            auto answer = block_on(network().resolver().resolve(text, families_of(family)));
            if (!answer && mapped)
                answer = block_on(network().resolver().resolve(text, Resolver::Families::kV4));
            if (!answer) return error_of(answer.error().code);
            found = *answer;
        }
    }
    std::size_t count = 0;
    for (const net::IpAddress& address : found.all()) {
        if (count == kMostAddresses) break;
        MuslAddress& to = addresses[count++];
        write(address, to);
        if (!mapped || !address.is_v4()) continue;
        to.family = AF_INET6;
        std::copy(address.bytes().begin(), address.bytes().end(), to.bytes);
    }
    return count > 0 ? static_cast<int>(count) : EAI_NONAME;
}

}  // namespace holm::posix

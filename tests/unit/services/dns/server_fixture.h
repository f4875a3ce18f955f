#pragma once

// A server with a small zone, and questions to ask it.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/server.h"
#include "tests/support/dns/zones.h"

namespace holm::dns {

inline const net::IpAddress kClient = net::IpAddress::v4(192, 0, 2, 99);

inline std::string query(const std::string& name, std::uint16_t type, const std::string& additional = "",
                         std::uint16_t kind = 1) {
    std::string text("\x12\x34\1\0\0\1\0\0\0\0\0\0", 12);
    text[11] = additional.empty() ? 0 : 1;
    text += *parse_name(name, WireName(1, '\0'));
    text += {static_cast<char>(type >> 8), static_cast<char>(type), static_cast<char>(kind >> 8),
             static_cast<char>(kind)};
    return text + additional;
}

inline std::string opt(std::uint16_t size, std::uint8_t version = 0, const std::string& options = "") {
    return std::string("\0\0\x29", 3) + static_cast<char>(size >> 8) + static_cast<char>(size) + '\0' +
           static_cast<char>(version) + std::string(3, '\0') + static_cast<char>(options.size()) + options;
}

struct Fixture {
    explicit Fixture(const std::string& zone = std::string(kSmallZone), ServerSettings settings = {},
                     const std::vector<table::Network>& transfer = {})
        : compiled(compile_zones({{"z.test", zone}}, settings, {}, transfer)),
          placed(compiled.table),
          table(*ZoneTable::create(placed.bytes())) {
        REQUIRE(compiled.mistakes == std::vector<std::string>());
    }
    std::string ask(const std::string& message, Server::Transport transport = Server::Transport::kDatagram) {
        alignas(8) static std::byte out[Server::kStreamRoom];
        const auto reply = server.answer(now, 1000, {kClient, transport}, as_bytes(message), out);
        return std::string(as_text(Bytes(out).first(reply.size)));
    }
    CompiledZones compiled;
    PlacedTable placed;
    ZoneTable table;
    Server server{table, {1, 2}};
    Instant now = Instant::from_nanoseconds(1'000'000'000);
};

inline net::wire::DnsHeader header_of(const std::string& answer) {
    REQUIRE(answer.size() >= sizeof(net::wire::DnsHeader));
    return net::wire::load<net::wire::DnsHeader>(as_bytes(answer));
}
inline unsigned code(const std::string& answer) {
    return header_of(answer).flags & net::wire::DnsHeader::kCode;
}

}  // namespace holm::dns

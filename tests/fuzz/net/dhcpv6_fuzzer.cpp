// DHCPv6 servers that mean no good, seen by a client that goes through all of its states. The input is a run
// of messages: a byte of kind, a byte of length in units of 4, then the options. Kinds: an advertisement or a
// reply with the right transaction and our identifier, a message as it is, or time that goes by.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "net/dhcp/client_v6.h"

using namespace holm;
using namespace holm::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}};
    dhcp::ClientV6 client(kMac, {1, 2});
    Instant now;
    client.start(now, size % 4 != 3);
    std::uint32_t transaction = 0;
    const auto run = [&] {
        for (int sent = 0; const auto message = client.due(now); ++sent) {
            std::byte bytes[wire::Dhcpv6Request::kMaximumSize];
            if (message->emit(bytes) > sizeof(bytes) || sent > 8) abort();
            transaction = message->transaction;
        }
    };
    run();
    Bytes input = std::as_bytes(std::span(data, size));
    while (input.size() >= 2) {
        const auto kind = std::to_integer<unsigned>(input[0]) % 4;
        const std::size_t length = std::min(std::to_integer<std::size_t>(input[1]) * 4, input.size() - 2);
        const Bytes options = input.subspan(2, length);
        input = input.subspan(2 + length);
        if (kind == 3) {
            now = now + Duration::seconds(std::int64_t(length * length));
        } else if (kind == 2) {
            client.receive(now, options);
        } else {
            std::vector<std::byte> message{std::byte(kind == 0 ? 2 : 7), std::byte(transaction >> 16),
                                           std::byte(transaction >> 8), std::byte(transaction)};
            for (const int value : {0, 1, 0, 10, 0, 3, 0, 1}) message.push_back(std::byte(value));
            for (const std::uint8_t value : kMac.bytes) message.push_back(std::byte(value));
            for (const int value : {0, 2, 0, 1, 9}) message.push_back(std::byte(value));
            message.insert(message.end(), options.begin(), options.end());
            client.receive(now, message);
        }
        run();
        if (!client.lease()) continue;
        if (client.lease()->count == 0 || client.lease()->valid_until() <= now) abort();
        for (const auto& each : client.lease()->all())
            if (each.address.is_v4() || each.address.is_unspecified()) abort();
    }
    return 0;
}

// A DHCP client and a server that may say anything, as long as transaction and MAC address are right.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/network_order.h"
#include "net/dhcp/client.h"

using namespace holm;
using namespace holm::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}};
    dhcp::Client client(kMac, {1, 2});
    Instant now;
    client.start(now);
    std::uint32_t transaction = 0;
    Bytes input = std::as_bytes(std::span(data, size));
    for (int step = 0; step < 32 && input.size() >= 2; ++step) {
        while (const auto out = client.due(now)) transaction = out->message.transaction;
        const std::size_t length = std::min(std::to_integer<std::size_t>(input[1]) * 4, input.size() - 2);
        std::byte message[1024] = {};
        std::copy_n(input.begin() + 2, length, message);
        const NetU32 raw = transaction;
        std::memcpy(message + 4, &raw, 4);
        std::memcpy(message + 28, kMac.bytes.data(), 6);
        client.receive(now, Bytes(message).first(length));
        if (client.lease() && client.next_deadline() > client.lease()->expiry) abort();
        now = now + Duration::seconds(std::to_integer<int>(input[0]));
        input = input.subspan(2 + length);
    }
    return 0;
}

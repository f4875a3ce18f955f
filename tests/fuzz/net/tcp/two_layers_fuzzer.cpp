// Two live layers; the input decides what the network does to each segment. What arrives is what was sent, as
// far as it arrives, and in the end nothing is left.

#include <algorithm>
#include <cstdlib>

#include "tests/fuzz/net/tcp/input.h"
#include "tests/support/tcp/network.h"

namespace holm::net::tcp::test {
namespace {

std::byte stream_byte(std::size_t offset) {
    return std::byte((offset * 2654435761U) >> 11U);
}

void send_some(Connection& connection, std::size_t& sent, std::size_t length) {
    std::vector<std::byte> bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = stream_byte(sent + i);
    sent += connection.send(bytes).value_or(0);
}

void receive_all(Connection& connection, std::size_t& received) {
    while (connection.readable_bytes() > 0) {
        const Bytes run = connection.readable();
        for (const std::byte byte : run)
            if (byte != stream_byte(received++)) std::abort();
        connection.consume(run.size());
    }
}

void run(FuzzInput& input) {
    Configuration configuration;
    configuration.secret.fill(std::byte{9});
    const std::uint8_t setup = input.byte();
    configuration.receive_buffer = (setup & 1) != 0 ? 4096 : 65536;
    configuration.sack = (setup & 2) != 0;
    configuration.timestamps = (setup & 4) != 0;
    configuration.max_half_open = (setup & 8) != 0 ? 0 : 8;
    // One byte a packet: mostly it passes.
    Network network(configuration, (setup & 16) != 0, [&](std::size_t bytes) {
        const std::uint8_t choice = input.byte();
        return Fate{.lost = (choice & 0xe0) == 0x20,
                    .repeated = (choice & 0xe0) == 0x40,
                    .flipped_bit = (choice & 0xe0) == 0x60 ? int(input.word() % (bytes * 8)) : -1,
                    .delay = Duration::microseconds(100 + 400 * (choice & 0x1f))};
    });
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 4);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80}, {{}, 1000});
    Reference<Connection> server;
    std::size_t client_sent = 0, server_sent = 0, client_received = 0, server_received = 0;
    const Instant end = network.now() + Duration::seconds(7200);
    for (int steps = 0; steps < 400 && !input.empty(); ++steps) {
        network.step(end);
        if (!server) server = listener->accept();
        const std::uint8_t action = input.byte();
        switch (action & 7) {
            case 0:
                send_some(*client, client_sent, input.word() % 8000);
                break;
            case 1:
                if (server) send_some(*server, server_sent, input.word() % 8000);
                break;
            case 2:
                receive_all(*client, client_received);
                break;
            case 3:
                if (server) receive_all(*server, server_received);
                break;
            case 4:
                if ((action & 0xf0) == 0xf0) client->shutdown_send();
                break;
            case 5:
                if ((action & 0xf0) == 0xf0 && server) server->shutdown_send();
                break;
            case 6:
                if ((action & 0xf8) == 0xf8) client->abort();
                break;
            default:
                break;
        }
    }
    if (client_received > server_sent || server_received > client_sent) std::abort();
    client = {};
    server = {};
    listener = {};
    for (int steps = 0; network.step(end); ++steps)
        if (steps > 100'000) std::abort();
    for (Host* host : {&network.a, &network.b})
        if (host->layer.connections() != 0 || host->layer.time_wait_entries() != 0 ||
            host->layer.buffer_bytes() != 0)
            std::abort();
}

}  // namespace
}  // namespace holm::net::tcp::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    holm::net::tcp::test::FuzzInput input(data, size);
    holm::net::tcp::test::run(input);
    if (holm::net::tcp::test::PacketBuffer::alive != 0) std::abort();
    return 0;
}

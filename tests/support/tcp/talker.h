#pragma once

// One side of a connection in a simulation, and the bytes that tell where in which stream they belong.

#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "net/tcp/layer.h"

namespace holm::net::tcp::test {

inline std::byte stream_byte(std::uint64_t stream, std::uint64_t offset) {
    return std::byte((offset * 2654435761U + stream * 97) >> 13U);
}

// One side of a connection: sends `length` bytes and a FIN, reads until the end.
struct Talker {
    Reference<Connection> connection;
    std::uint64_t outgoing = 0;  // number of the stream it sends
    std::uint64_t incoming = 0;
    std::size_t length = 0;
    std::size_t sent = 0;
    std::size_t received = 0;
    std::deque<std::vector<std::byte>> references;  // bytes given to send_reference()
    bool wrong = false;
    bool done = false;

    void run(std::mt19937& random) {
        if (done || !connection || connection->is_connecting()) return;
        while (sent < length) {
            const std::size_t wanted = std::min<std::size_t>(length - sent, 1 + random() % 20'000);
            std::vector<std::byte> bytes(wanted);
            for (std::size_t i = 0; i < wanted; ++i) bytes[i] = stream_byte(outgoing, sent + i);
            if (random() % 3 == 0) {
                references.push_back(std::move(bytes));
                if (!connection->send_reference(references.back(), nullptr)) break;
                sent += wanted;
                continue;
            }
            const auto taken = connection->send(bytes);
            sent += taken.value_or(0);
            if (taken.value_or(0) < wanted) break;
        }
        if (sent == length) connection->shutdown_send();
        // A slow reader now and then closes the window.
        if (random() % 4 == 0) return;
        while (connection->readable_bytes() > 0) {
            const Bytes run = connection->readable();
            for (const std::byte byte : run) wrong |= byte != stream_byte(incoming, received++);
            connection->consume(run.size());
        }
        done = sent == length && connection->end_of_stream();
    }
};

}  // namespace holm::net::tcp::test

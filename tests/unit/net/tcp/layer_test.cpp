// What the scripts cannot say: observers, references, memory that runs out, many connections.

#include "net/tcp/layer.h"

#include <algorithm>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/tcp/network.h"

namespace holm::net::tcp::test {
namespace {

class CountingObserver final : public Observer {
  public:
    void notify() override { ++count; }
    // Calls since the last look.
    int taken() { return std::exchange(count, 0); }
    int count = 0;
};

Network perfect_network(const Configuration& configuration = {}) {
    return Network(configuration, false, [](std::size_t) { return Fate{}; });
}

void run(Network& network, Duration duration) {
    const Instant end = network.now() + duration;
    while (network.step(end)) {
    }
}

std::vector<std::byte> bytes_of(std::size_t size) {
    return std::vector<std::byte>(size, std::byte{1});
}

// A layer's way to itself.
struct Loopback final : ip::IpOutput {
    std::vector<std::vector<std::byte>> under_way;
    TransmitResult send(Instant, const ip::Packet& packet) override {
        auto& copy = under_way.emplace_back(packet.header.begin(), packet.header.end());
        for (const Bytes piece : packet.payload) copy.insert(copy.end(), piece.begin(), piece.end());
        return TransmitResult::kSent;
    }
    Result<ip::Route> route(const IpAddress&, const IpAddress&) const override {
        return ip::Route{.source = IpAddress::v4(127, 0, 0, 1), .checksum = true};
    }
    void deliver(Instant now, Layer& layer) {
        for (const auto& segment : std::exchange(under_way, {}))
            layer.receive(now,
                          {.source = IpAddress::v4(127, 0, 0, 1),
                           .destination = IpAddress::v4(127, 0, 0, 1),
                           .checksum_verified = true},
                          segment);
    }
};

}  // namespace

TEST_CASE("observers hear of what they wait for") {
    Network network = perfect_network();
    CountingObserver accepts, client_changes, server_changes;
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 4);
    listener->set_observer(&accepts);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80});
    client->set_observer(&client_changes);
    run(network, Duration::milliseconds(10));
    CHECK(accepts.taken() == 1);
    CHECK(client_changes.taken() == 1);  // established
    auto server = listener->accept();
    REQUIRE(server);
    server->set_observer(&server_changes);

    CHECK(*client->send(bytes_of(10)) == 10);
    run(network, Duration::milliseconds(100));
    CHECK(server_changes.taken() == 1);
    CHECK(client_changes.taken() == 1);  // everything acknowledged
    CHECK(server->readable_bytes() == 10);

    // A writer that found no room hears when there is some.
    std::size_t taken = 0;
    while (client->send_space() > 0) taken += *client->send(bytes_of(100'000));
    run(network, Duration::milliseconds(200));
    CHECK(client_changes.taken() >= 1);
    CHECK(client->send_space() > 0);
    CHECK(taken == Configuration().send_buffer);

    server->abort();
    run(network, Duration::milliseconds(10));
    CHECK(client_changes.taken() == 1);
    CHECK(client->error()->code == ErrorCode::kConnectionReset);
}

TEST_CASE("a referenced buffer is released when its last byte is acknowledged") {
    struct Owner final : BufferOwner {
        int users = 0;
        void retain() override { ++users; }
        void release() override { --users; }
    } owner;
    Network network = perfect_network();
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 4);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80});
    const auto file = bytes_of(1'000'000);
    REQUIRE(client->send_reference(file, &owner));
    CHECK(owner.users == 1);
    CHECK(client->send_space() == Configuration().send_buffer);  // it takes none of our memory
    run(network, Duration::milliseconds(10));
    auto server = listener->accept();
    std::size_t received = 0;
    while (received < file.size()) {
        REQUIRE(network.step(network.now() + Duration::seconds(10)));
        while (server->readable_bytes() > 0) {
            const std::size_t part = server->readable().size();
            server->consume(part);
            received += part;
        }
    }
    run(network, Duration::seconds(1));
    CHECK(owner.users == 0);
}

TEST_CASE("received bytes stay where they lie until they are consumed, even when the connection is reset") {
    Network network = perfect_network();
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 4);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80});
    CHECK(*client->send(bytes_of(5'000)) == 5'000);
    run(network, Duration::milliseconds(50));
    auto server = listener->accept();
    const Bytes held = server->readable();
    const std::size_t all = server->readable_bytes();
    REQUIRE(all == 5'000);
    client->abort();
    run(network, Duration::milliseconds(10));
    REQUIRE(server->error());
    CHECK(server->readable().data() == held.data());
    CHECK(std::ranges::all_of(held, [](std::byte byte) { return byte == std::byte{1}; }));
    CHECK_FALSE(server->end_of_stream());
    server->consume(all);  // a service that has waited for something else in between
    CHECK(server->readable_bytes() == 0);
    CHECK(server->end_of_stream());
    CHECK(network.b.layer.buffer_bytes() == 0);
}

TEST_CASE("an idle connection takes little memory") {
    CHECK(sizeof(Connection) <= 1280);
    CHECK(sizeof(TimeWait) <= 128);
    Network network = perfect_network();
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 4);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80});
    CHECK(*client->send(bytes_of(10'000)) == 10'000);
    run(network, Duration::milliseconds(50));
    auto server = listener->accept();
    while (server->readable_bytes() > 0) server->consume(server->readable().size());
    run(network, Duration::seconds(1));
    CHECK(network.a.layer.buffer_bytes() == 0);
    CHECK(network.b.layer.buffer_bytes() == 0);
}

TEST_CASE("ports: one listener each, ephemeral ones differ") {
    Network network = perfect_network();
    Layer& layer = network.a.layer;
    auto first = *layer.listen({IpAddress::any_v4(), 80}, 4);
    CHECK(layer.listen({IpAddress::any_v4(), 80}, 4).error().code == ErrorCode::kAddressInUse);
    CHECK(layer.listen({IpAddress::v4(10, 0, 0, 1), 80}, 4).error().code == ErrorCode::kAddressInUse);
    auto any = layer.listen({IpAddress::any_v4(), 0}, 4);
    REQUIRE(any);
    CHECK((*any)->local().port >= 49'152);
    first->close();
    CHECK(layer.listen({IpAddress::any_v4(), 80}, 4).has_value());
    const Endpoint remote{IpAddress::v4(10, 0, 0, 2), 80};
    auto one = *layer.connect(network.now(), remote);
    auto two = *layer.connect(network.now(), remote);
    CHECK(one->local().port != two->local().port);
    CHECK(layer.connect(network.now(), {IpAddress::any_v4(), 80}).error().code == ErrorCode::kInvalid);
    CHECK(layer.connect(network.now(), {IpAddress::v4(224, 0, 0, 1), 80}).error().code ==
          ErrorCode::kInvalid);
}

TEST_CASE("segments to a group are ignored; TTL and traffic class are the service's") {
    struct Sink final : ip::IpOutput {
        int sent = 0;
        std::uint8_t ttl = 0;
        std::uint8_t traffic_class = 0;
        TransmitResult send(Instant, const ip::Packet& packet) override {
            ++sent;
            ttl = packet.ttl;
            traffic_class = packet.traffic_class;
            return TransmitResult::kSent;
        }
        Result<ip::Route> route(const IpAddress&, const IpAddress&) const override {
            return ip::Route{.source = IpAddress::v4(10, 0, 0, 1)};
        }
    } sink;
    Layer layer({}, heap_memory(), sink);
    const Instant now = Instant::from_nanoseconds(1);
    std::byte segment[20] = {};
    segment[1] = segment[3] = std::byte{1};  // ports
    segment[12] = std::byte{5 << 4U};
    ip::Received about{.source = IpAddress::v4(10, 0, 0, 2), .destination = IpAddress::v4(10, 0, 0, 1)};
    about.checksum_verified = about.to_group = true;
    layer.receive(now, about, segment);
    layer.transmit(now);
    CHECK(sink.sent == 0);
    about.to_group = false;
    layer.receive(now, about, segment);
    layer.transmit(now);
    CHECK(sink.sent == 1);  // a reset

    auto connection = *layer.connect(now, {IpAddress::v4(10, 0, 0, 2), 80});
    connection->set_time_to_live(3);
    connection->set_traffic_class(0xb8);
    layer.transmit(now);
    CHECK(sink.ttl == 3);
    CHECK(sink.traffic_class == 0xb8);
}

TEST_CASE("five thousand connections, each with its timers") {
    Configuration configuration;
    configuration.max_half_open = 10'000;
    Network network = perfect_network(configuration);
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 10'000);
    std::vector<Reference<Connection>> clients;
    for (int i = 0; i < 5000; ++i) {
        clients.push_back(*network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80}));
        clients.back()->set_keep_alive(Duration::seconds(10 + i % 100), Duration::seconds(1));
    }
    run(network, Duration::seconds(5));
    std::vector<Reference<Connection>> servers;
    while (auto server = listener->accept()) servers.push_back(std::move(server));
    REQUIRE(servers.size() == 5000);
    run(network, Duration::seconds(120));  // every one has been probed
    for (auto& client : clients) CHECK(client->state() == State::kEstablished);
    CHECK(network.a.layer.statistics().segments_out > 10'000);
    clients.clear();
    servers.clear();
    listener = {};
    run(network, Duration::seconds(200));
    CHECK(network.a.layer.connections() == 0);
    CHECK(network.b.layer.connections() == 0);
    CHECK(network.a.layer.next_deadline().is_never());
}

TEST_CASE("memory that fails now and then breaks nothing") {
    struct FlakyMemory final : Memory {
        std::mt19937 random{1};
        std::size_t in_use = 0;
        void* allocate(std::size_t bytes) override {
            if (random() % 4 == 0) return nullptr;
            in_use += bytes;
            return heap_memory().allocate(bytes);
        }
        void release(void* memory, std::size_t bytes) override {
            in_use -= bytes;
            heap_memory().release(memory, bytes);
        }
    } memory;
    Loopback sink;
    Instant now = Instant::from_nanoseconds(1'000'000'000);
    {
        Layer layer({}, memory, sink);
        Result<Reference<Listener>> listener = layer.listen({IpAddress::any_v4(), 80}, 100);
        while (!listener) listener = layer.listen({IpAddress::any_v4(), 80}, 100);
        int completed = 0;
        for (int i = 0; i < 300; ++i) {
            auto client = layer.connect(now, {IpAddress::v4(127, 0, 0, 1), 80});
            if (!client) continue;
            Reference<Connection> server;
            std::size_t received = 0;
            std::size_t sent = 0;
            for (int steps = 0; steps < 60 && received < 20'000; ++steps) {
                now = now + Duration::milliseconds(300);
                layer.transmit(now);
                sink.deliver(now, layer);
                if (!server) server = (*listener)->accept();
                if (sent < 20'000) sent += (*client)->send(bytes_of(20'000 - sent)).value_or(0);
                while (server && server->readable_bytes() > 0) {
                    received += server->readable().size();
                    server->consume(server->readable().size());
                }
            }
            completed += received == 20'000 ? 1 : 0;
            (*client)->abort();
            if (server) server->abort();
        }
        CHECK(completed > 100);
        while (auto left = (*listener)->accept()) left->abort();
        listener = fail(ErrorCode::kNoData);
        CHECK(layer.buffer_bytes() == 0);
    }
    CHECK(memory.in_use == 0);
}

// A connection has memory for what is outstanding only while something is.
TEST_CASE("what there is no memory to watch over is sent once there is some") {
    struct ScarceMemory final : Memory {
        bool none = false;
        void* allocate(std::size_t bytes) override {
            return none && bytes == ChunkPool::footprint(ChunkSize::kRecovery)
                       ? nullptr
                       : heap_memory().allocate(bytes);
        }
        void release(void* memory, std::size_t bytes) override { heap_memory().release(memory, bytes); }
    } memory;
    Loopback loopback;
    Instant now = Instant::from_nanoseconds(1'000'000'000);
    Layer layer({}, memory, loopback);
    const auto turn = [&] {
        layer.transmit(now);
        loopback.deliver(now, layer);
    };
    auto listener = *layer.listen({IpAddress::any_v4(), 80}, 1);
    auto client = *layer.connect(now, {IpAddress::v4(127, 0, 0, 1), 80});
    for (int i = 0; i < 3; ++i) turn();
    auto server = listener->accept();
    REQUIRE(server);
    CHECK(layer.buffer_bytes() == 0);

    memory.none = true;
    CHECK(*client->send(bytes_of(10)) == 10);
    for (int i = 0; i < 5; ++i) {
        turn();
        CHECK(server->readable_bytes() == 0);
        REQUIRE_FALSE(layer.next_deadline().is_never());
        CHECK(layer.next_deadline() > now);
        now = layer.next_deadline();
    }
    memory.none = false;
    turn();
    REQUIRE(server->readable_bytes() == 10);
    server->consume(10);
    now = now + Duration::milliseconds(50);  // the acknowledgment may be delayed
    turn();
    CHECK(client->all_acknowledged());
    CHECK(client->sender().recovery() == nullptr);
    CHECK(layer.buffer_bytes() == 0);
    client->abort();
    server->abort();
}

// RFC 6191: when every port towards a peer is in TIME-WAIT, one of those serves again, as timestamps allow.
TEST_CASE("a port in TIME-WAIT is used again when there is no other") {
    constexpr int kEphemeralPorts = 16'384;
    for (const bool timestamps : {true, false}) {
        Configuration configuration;
        configuration.timestamps = timestamps;
        configuration.max_time_wait = kEphemeralPorts + 1;
        configuration.time_wait = Duration::seconds(100'000);
        Network network(configuration, false, [](std::size_t) { return Fate{}; });
        auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 4);
        const auto once = [&]() -> bool {
            auto client = network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80});
            if (!client) return false;
            run(network, Duration::milliseconds(3));
            auto server = listener->accept();
            REQUIRE(server);
            (*client)->close();
            run(network, Duration::milliseconds(2));
            server->close();
            run(network, Duration::milliseconds(3));
            return true;
        };
        for (int i = 0; i < kEphemeralPorts; ++i) REQUIRE(once());
        CHECK(network.a.layer.time_wait_entries() == kEphemeralPorts);
        CHECK(once() == timestamps);
    }
}

}  // namespace holm::net::tcp::test

// The virtio-net driver and the tender's network device, back to back; behind the device a socket pair stands
// in for a tap (SOCK_SEQPACKET keeps frames apart) or is the stream of a passt.

#include "tender/devices/net_device.h"

#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/drivers/net/virtio_net.h"
#include "tests/unit/tender/virtio/support.h"

using namespace holm;

namespace {

struct Collector final : drivers::FrameSink {
    void receive(const net::ReceivedFrame& frame) override {
        frames.emplace_back(as_text(frame.bytes));
        offloads.push_back(frame.offload);
        if (!keep || frame.owner == nullptr) return;
        frame.owner->retain();
        kept.push_back({frame.bytes, frame.owner, frames.back()});
    }
    void let_go(std::size_t index) {
        CHECK(as_text(kept[index].bytes) == kept[index].text);
        kept[index].owner->release();
        kept.erase(kept.begin() + std::ptrdiff_t(index));
    }
    struct Kept {
        Bytes bytes;
        net::BufferOwner* owner;
        std::string text;
    };
    std::vector<std::string> frames;
    std::vector<net::Offload> offloads;
    bool keep = false;
    std::vector<Kept> kept;
};

constexpr std::uint64_t kAllFeatures = drivers::kVirtioNetChecksum | drivers::kVirtioNetReceiveChecksum |
                                       drivers::kVirtioNetReceiveTso4 | drivers::kVirtioNetReceiveTso6 |
                                       drivers::kVirtioNetTso4 | drivers::kVirtioNetTso6 |
                                       drivers::kVirtioNetMergeableBuffers;

struct Instance {
    explicit Instance(holm_transport transport, int buffer_size = 0, std::uint64_t features = kAllFeatures) {
        int ends[2];
        const int type = transport == HOLM_TRANSPORT_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
        REQUIRE(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0);
        if (buffer_size != 0)
            REQUIRE(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size) == 0);
        own = ends[0];
        other = ends[1];
        signal(SIGPIPE, SIG_IGN);  // as every tender does
        auto created = drivers::VirtioNet::create({.receive = receive_ring.setup(),
                                                   .transmit = transmit_ring.setup(),
                                                   .features = features,
                                                   .mtu = 1500},
                                                  receive_notifier, transmit_notifier);
        REQUIRE(created);
        driver = std::move(*created);
        holm_boot_device boot{};
        boot.transport = transport;
        boot.handle = own;
        device = tender::NetDevice(boot, receive_ring.bytes, test::Ring::kSize, transmit_ring.bytes,
                                   test::Ring::kSize, memory);
        driver->start();
    }
    ~Instance() {
        close(own);
        if (other >= 0) close(other);
    }
    void hang_up() {
        close(other);
        other = -1;
    }
    bool write(std::string_view bytes) const { return ::write(other, bytes.data(), bytes.size()) > 0; }
    std::string read() const {
        std::string bytes(100'000, '\0');
        const ssize_t size = ::read(other, bytes.data(), bytes.size());
        bytes.resize(size < 0 ? 0 : std::size_t(size));
        return bytes;
    }
    net::TransmitResult send(std::initializer_list<std::string_view> texts, net::Offload offload = {}) {
        std::vector<Bytes> pieces;
        for (const std::string_view text : texts) pieces.push_back(as_bytes(text));
        return driver->transmit({pieces, offload});
    }

    test::AllMemory memory;
    test::Ring receive_ring, transmit_ring;
    test::NotifyCount receive_notifier, transmit_notifier;
    std::unique_ptr<drivers::VirtioNet> driver;
    tender::NetDevice device;
    Collector collector;
    int own = -1, other = -1;
};

const std::string kPlain(12, '\0');

std::string length_of(std::string_view frame) {
    return {char(frame.size() >> 24), char(frame.size() >> 16), char(frame.size() >> 8), char(frame.size())};
}

std::string random_text(std::mt19937& random, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; i += 4) {
        const std::uint32_t word = std::uint32_t(random());
        std::memcpy(text.data() + i, &word, std::min<std::size_t>(4, size - i));
    }
    return text;
}

}  // namespace

TEST_CASE("frames come and go, one round of service for many") {
    Instance instance(HOLM_TRANSPORT_TAP);
    CHECK_FALSE(instance.device.serve());
    CHECK(instance.device.poll_events() == POLLIN);
    instance.write(kPlain + "one");
    instance.write(std::string("\x01\0\0\0\0\0\x01\0\0\0\0\0", 12) + "four");
    CHECK(instance.send({"to ", "be ", "sent"}) == net::TransmitResult::kSent);
    instance.driver->publish();
    CHECK(instance.device.serve());
    CHECK(instance.read() == kPlain + "to be sent");
    CHECK(instance.driver->receive(instance.collector) == 2);
    CHECK(instance.collector.frames == std::vector<std::string>{"one", "four"});
    CHECK(instance.collector.offloads[1].needs_checksum);
    CHECK(instance.transmit_notifier.count == 0);  // the tender comes by itself
}

TEST_CASE("what a device offers is taken with what it rests on, or not at all") {
    using drivers::choose_virtio_net_features;
    CHECK(choose_virtio_net_features(~std::uint64_t{0}) ==
          (kAllFeatures | drivers::kVirtioNetMtu | drivers::kVirtioNetMac));
    CHECK(choose_virtio_net_features(0) == 0);
    CHECK(choose_virtio_net_features(drivers::kVirtioNetTso4 | drivers::kVirtioNetReceiveTso6) == 0);
    CHECK(choose_virtio_net_features(drivers::kVirtioNetTso4 | drivers::kVirtioNetChecksum) ==
          (drivers::kVirtioNetTso4 | drivers::kVirtioNetChecksum));
}

TEST_CASE("buffers are as large as what was negotiated needs") {
    const std::uint64_t large = drivers::kVirtioNetReceiveChecksum | drivers::kVirtioNetReceiveTso4;
    for (const std::uint64_t features : {std::uint64_t{0}, large, large | drivers::kVirtioNetMergeableBuffers,
                                         std::uint64_t{drivers::kVirtioNetMergeableBuffers},
                                         kAllFeatures & ~drivers::kVirtioNetMergeableBuffers}) {
        CAPTURE(features);
        Instance instance(HOLM_TRANSPORT_TAP, 0, features);
        const bool merged = (features & drivers::kVirtioNetMergeableBuffers) != 0;
        const std::size_t size = merged || (features & large) == large ? 65'549 : 1514;
        const std::string frame(size, 'f');
        for (int i = 0; i < 40; ++i) {
            REQUIRE(instance.write(kPlain + frame));
            REQUIRE(instance.device.serve());
            REQUIRE(instance.driver->receive(instance.collector) == 1);
            instance.driver->publish();
            REQUIRE(instance.collector.frames.back() == frame);
        }
        CHECK(instance.driver->capabilities().checksum == ((features & drivers::kVirtioNetChecksum) != 0));
        CHECK(instance.driver->capabilities().tcp4_segmentation ==
              ((features & drivers::kVirtioNetTso4) != 0));
        CHECK(instance.send({"frame"}) == net::TransmitResult::kSent);
        instance.driver->publish();
        instance.device.serve();
        CHECK(instance.read() == kPlain + "frame");
    }
}

TEST_CASE("a frame that fills many buffers arrives in one piece") {
    Instance instance(HOLM_TRANSPORT_TAP);
    const std::string large = random_text(*std::make_unique<std::mt19937>(7), 65'549);
    for (int i = 0; i < 40; ++i) {  // several times around the pool
        REQUIRE(instance.write(kPlain + large));
        REQUIRE(instance.write(kPlain + "small"));
        REQUIRE(instance.device.serve());
        REQUIRE(instance.driver->receive(instance.collector) == 2);
        instance.driver->publish();
        REQUIRE(instance.collector.frames[0] == large);
        REQUIRE(instance.collector.frames[1] == "small");
        instance.collector.frames.clear();
    }
}

TEST_CASE("offloads travel in the header, both ways") {
    Instance instance(HOLM_TRANSPORT_TAP);
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 16;
    offload.segmentation = net::Segmentation::kTcp4;
    offload.segment_size = 1460;
    offload.header_length = 54;
    const std::string frame(5000, 'f');
    CHECK(instance.send({frame}, offload) == net::TransmitResult::kSent);
    instance.driver->publish();
    instance.device.serve();
    const std::string sent = instance.read();
    CHECK(sent.substr(12) == frame);
    instance.write(sent);
    CHECK(instance.device.serve());
    CHECK(instance.driver->receive(instance.collector) == 1);
    REQUIRE(instance.collector.offloads.size() == 1);
    CHECK(instance.collector.offloads[0].segmentation == net::Segmentation::kTcp4);
    CHECK(instance.collector.offloads[0].segment_size == 1460);
    CHECK(instance.collector.offloads[0].checksum_start == 34);
}

TEST_CASE("payload that stays is not copied, and its owner learns when it was read") {
    Instance instance(HOLM_TRANSPORT_TAP);
    net::OutgoingReferences references;
    instance.driver->set_references(references);
    net::Offload offload;
    offload.payload_stays = true;
    std::string payload(60'000, 'a');
    std::string small(100, 's');
    const std::string header(54, 'h');
    CHECK(instance.send({header, payload}, offload) == net::TransmitResult::kSent);
    CHECK(instance.send({header, small}, offload) == net::TransmitResult::kSent);  // cheaper to copy
    CHECK(references.issued() == 1);
    payload[0] = small[0] = 'b';  // what an owner must not do shows who was copied
    instance.driver->publish();
    instance.driver->receive(instance.collector);
    CHECK(references.settled() == 0);
    instance.device.serve();
    CHECK(instance.read() == kPlain + header + payload);
    CHECK(instance.read() == kPlain + header + std::string(100, 's'));
    instance.driver->receive(instance.collector);
    CHECK(references.settled() == 1);

    // Without a promise, and with one that nobody can keep account of, bytes are copied.
    CHECK(instance.send({header, payload}) == net::TransmitResult::kSent);
    while (references.issue() != 0) {
    }
    const std::uint64_t issued = references.issued();
    CHECK(instance.send({header, payload}, offload) == net::TransmitResult::kSent);
    CHECK(references.issued() == issued);
    instance.driver->publish();
    instance.device.serve();
    CHECK(instance.read() == kPlain + header + payload);
    CHECK(instance.read() == kPlain + header + payload);
}

TEST_CASE("a device that vanishes reads nothing any more") {
    Instance instance(HOLM_TRANSPORT_STREAM);
    net::OutgoingReferences references;
    instance.driver->set_references(references);
    net::Offload offload;
    offload.payload_stays = true;
    const std::string payload(5000, 'a');
    for (int i = 0; i < 3; ++i) instance.send({"header", payload}, offload);
    instance.driver->publish();
    instance.hang_up();
    CHECK(references.issued() == 3);
    instance.device.serve();
    instance.driver->receive(instance.collector);
    CHECK(references.settled() == 3);
}

TEST_CASE("retained frames stay whole while others come, in any order, and none is lost") {
    Instance instance(HOLM_TRANSPORT_TAP);
    instance.collector.keep = true;
    std::mt19937 random(3);
    std::deque<std::string> expected;
    for (int i = 0; i < 3000; ++i) {
        const std::string frame =
            random_text(random, 1 + (random() % 8 == 0 ? random() % 65'549 : random() % 1500));
        if (instance.write(kPlain + frame)) expected.push_back(frame);
        if (random() % 3 == 0) continue;
        instance.device.serve();
        instance.driver->receive(instance.collector);
        for (const std::string& received : instance.collector.frames) {
            REQUIRE(!expected.empty());
            REQUIRE(received == expected.front());
            expected.pop_front();
        }
        instance.collector.frames.clear();
        while (!instance.collector.kept.empty() && random() % 4 != 0)
            instance.collector.let_go(random() % instance.collector.kept.size());
        instance.driver->publish();
        REQUIRE(instance.driver->fault() == nullptr);
    }
    while (!instance.collector.kept.empty()) instance.collector.let_go(0);
}

TEST_CASE("however much is retained, the largest frame finds room") {
    Instance instance(HOLM_TRANSPORT_TAP);
    instance.collector.keep = true;
    const std::string large(65'549, 'L');
    for (int i = 0; i < 30; ++i) {
        REQUIRE(instance.write(kPlain + large));
        REQUIRE(instance.device.serve());
        REQUIRE(instance.driver->receive(instance.collector) == 1);
        instance.driver->publish();
        CHECK(instance.collector.frames.back() == large);
    }
    CHECK(instance.collector.kept.size() < 30);  // the last ones came without an owner
    CHECK(instance.collector.kept.size() > 5);
    // What is released after the last look at the device goes back with the next publish().
    while (!instance.collector.kept.empty()) instance.collector.let_go(0);
    instance.driver->publish();
    for (int i = 0; i < 2; ++i) REQUIRE(instance.write(kPlain + large));
    REQUIRE(instance.device.serve());
    CHECK(instance.driver->receive(instance.collector) == 2);
    while (!instance.collector.kept.empty()) instance.collector.let_go(0);
}

TEST_CASE("a full backend is waited for; nothing is lost or sent twice") {
    for (const holm_transport transport : {HOLM_TRANSPORT_TAP, HOLM_TRANSPORT_STREAM}) {
        CAPTURE(int(transport));
        Instance instance(transport, 4096);
        std::mt19937 random(5);
        std::string expected, received;
        bool was_full = false;
        int sent = 0;
        for (int round = 0; round < 20'000 && (sent < 2000 || received.size() < expected.size()); ++round) {
            if (sent < 2000) {
                const std::string frame = random_text(random, 1 + random() % 3000);
                const auto result = instance.send({frame});
                REQUIRE(result != net::TransmitResult::kGone);
                if (result == net::TransmitResult::kSent) {
                    ++sent;
                    expected += (transport == HOLM_TRANSPORT_STREAM ? length_of(frame) : kPlain) + frame;
                } else {
                    was_full = true;
                    CHECK(instance.driver->readiness().want_writable);
                }
            }
            instance.driver->publish();
            const bool news = instance.device.serve();
            if (instance.driver->readiness().writable) CHECK(news);
            was_full |= (instance.device.poll_events() & POLLOUT) != 0;
            if ((instance.device.poll_events() & POLLOUT) != 0 || random() % 8 == 0)
                if (random() % 2 == 0) received += instance.read();
            instance.driver->flush();
        }
        CHECK(was_full);
        CHECK(sent == 2000);
        CHECK(received == expected);
    }
}

TEST_CASE("frames of a stream are found however the bytes arrive") {
    Instance instance(HOLM_TRANSPORT_STREAM);
    const std::string frames[] = {"first", "", std::string(3000, 'x'), std::string(65'000, 'y'), "last"};
    std::string bytes;
    for (const std::string& frame : frames) bytes += length_of(frame) + frame;
    for (std::size_t at = 0; at < bytes.size(); at += 97) {
        REQUIRE(instance.write(std::string_view(bytes).substr(at, 97)));
        instance.device.serve();
        instance.driver->receive(instance.collector);
    }
    REQUIRE(instance.collector.frames.size() == 4);
    CHECK(instance.collector.frames[0] == "first");
    CHECK(instance.collector.frames[1] == frames[2]);
    CHECK(instance.collector.frames[2] == frames[3]);
    CHECK(instance.collector.frames[3] == "last");
}

TEST_CASE("a stream that ends, or speaks of impossible frames, has vanished") {
    for (const bool garbage : {false, true}) {
        Instance instance(HOLM_TRANSPORT_STREAM);
        if (garbage)
            instance.write(std::string("\0\1\0\xff garbage", 12));
        else
            instance.hang_up();
        CHECK_FALSE(instance.driver->gone());
        CHECK(instance.device.serve());
        CHECK(instance.device.poll_descriptor() == -1);
        CHECK(instance.driver->gone());
        CHECK(instance.driver->fault() == nullptr);
        CHECK(instance.send({"frame"}) == net::TransmitResult::kGone);
        CHECK_FALSE(instance.device.serve());
    }
}

TEST_CASE("a tap that has vanished is noticed by reading and by writing") {
    for (const bool writing : {false, true}) {
        Instance instance(HOLM_TRANSPORT_TAP);
        holm_boot_device boot{};
        boot.transport = HOLM_TRANSPORT_TAP;
        boot.handle = 1'000'000;  // EBADF instead of EBADFD
        instance.device = tender::NetDevice(boot, instance.receive_ring.bytes, test::Ring::kSize,
                                            instance.transmit_ring.bytes, test::Ring::kSize, instance.memory);
        if (writing) {
            instance.send({"frame"});
            instance.driver->publish();
        }
        CHECK(instance.device.serve());
        CHECK(instance.driver->gone());
    }
}

TEST_CASE("a guest without receive buffers gets nothing, and the tender does not wait for frames") {
    test::Ring receive_ring, transmit_ring;
    const test::AllMemory memory;
    holm_boot_device boot{};
    boot.transport = HOLM_TRANSPORT_TAP;
    boot.handle = 0;
    tender::NetDevice device(boot, receive_ring.bytes, 256, transmit_ring.bytes, 256, memory);
    CHECK_FALSE(device.serve());
    CHECK(device.poll_events() == 0);
    CHECK(device.poll_descriptor() == -1);
    CHECK(device.broken() == nullptr);
}

TEST_CASE("receive buffers that a driver must not give are refused") {
    test::Ring receive_ring, transmit_ring;
    std::array<std::byte, 100> bytes{};
    test::NotifyCount notifier;
    auto queue = *drivers::Virtqueue::create(receive_ring.setup(), notifier);
    const auto start = reinterpret_cast<std::uint64_t>(bytes.data());
    const test::SomeMemory memory(bytes, start, 50);
    holm_boot_device boot{};
    boot.transport = HOLM_TRANSPORT_TAP;
    boot.handle = 0;
    tender::NetDevice device(boot, receive_ring.bytes, 256, transmit_ring.bytes, 256, memory);
    MutableBytes writable = MutableBytes(bytes).subspan(50);
    Bytes readable;
    SUBCASE("a part to be read") {
        readable = Bytes(bytes).first(10);
    }
    SUBCASE("too short for a header") {
        writable = writable.first(11);
    }
    SUBCASE("not plain memory") {
        writable = writable.subspan(40);
    }
    REQUIRE(queue->add({&readable, 1}, {&writable, 1}, 0));
    queue->publish();
    CHECK_FALSE(device.serve());
    CHECK(device.broken() != nullptr);
    CHECK(device.poll_descriptor() == -1);
}

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/drivers/net/stream_device.h"
#include "kernel/drivers/net/tap_device.h"
#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::drivers;

namespace {

// The gate of an instance, without a tender: system calls of the test program.
long call(long a, long b, long c, long d, long e, long f, long number) {
    const long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

platform::Gate gate() {
    holm_boot_gate boot{};
    boot.call = reinterpret_cast<holm_guest_address>(&call);
    return platform::Gate(boot);
}

// Two ends of a socket: the driver has one, the test is the other party. SOCK_DGRAM keeps frames apart as a
// tap does.
struct Pair {
    explicit Pair(int type) {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0);
        driver = ends[0];
        other = ends[1];
    }
    ~Pair() {
        close(driver);
        if (other >= 0) close(other);
    }
    void hang_up() {
        close(other);
        other = -1;
    }
    void write(std::string_view bytes) const {
        REQUIRE(::write(other, bytes.data(), bytes.size()) == ssize_t(bytes.size()));
    }
    std::string read() const {
        std::string bytes(100'000, '\0');
        const ssize_t size = ::read(other, bytes.data(), bytes.size());
        bytes.resize(size < 0 ? 0 : std::size_t(size));
        return bytes;
    }
    int driver = -1;
    int other = -1;
};

struct Collector final : FrameSink {
    void receive(const net::ReceivedFrame& frame) override {
        frames.emplace_back(as_text(frame.bytes));
        offloads.push_back(frame.offload);
        if (keep && frame.owner) {
            frame.owner->retain();
            owners.push_back(frame.owner);
            kept.push_back(frame.bytes);
        }
        last_owner = frame.owner;
    }
    std::vector<std::string> frames;
    std::vector<net::Offload> offloads;
    bool keep = false;
    std::vector<net::BufferOwner*> owners;
    std::vector<Bytes> kept;
    net::BufferOwner* last_owner = nullptr;
};

const std::string kPlain(12, '\0');  // a virtio-net header that says nothing

std::string framed(std::string_view frame) {
    std::string text{char(frame.size() >> 24), char(frame.size() >> 16), char(frame.size() >> 8),
                     char(frame.size())};
    return text.append(frame);
}

template <typename Device>
net::TransmitResult send(Device& device, std::initializer_list<std::string_view> texts,
                         net::Offload offload = {}) {
    std::vector<Bytes> pieces;
    for (const std::string_view text : texts) pieces.push_back(as_bytes(text));
    return device.transmit({pieces, offload});
}

}  // namespace

TEST_CASE("a tap driver reads frame after frame until there are none") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    Collector collector;
    CHECK(tap.receive(collector) == 0);
    pair.write(kPlain + "one");
    pair.write(std::string("\x01\0\0\0\0\0\x01\0\0\0\0\0", 12) + "four");
    CHECK(tap.receive(collector) == 2);
    CHECK(collector.frames == std::vector<std::string>{"one", "four"});
    CHECK(collector.offloads[1].needs_checksum);
    CHECK(collector.offloads[1].checksum_start == 1);
}

TEST_CASE("a tap driver drops what is no frame") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    Collector collector;
    pair.write("short");
    pair.write(std::string("\x01\0\0\0\0\0\xff\0\0\0\0\0", 12) + "a checksum beyond the end");
    pair.write(kPlain + "good");
    CHECK(tap.receive(collector) == 3);
    CHECK(collector.frames == std::vector<std::string>{"good"});
}

TEST_CASE("a tap driver writes header and pieces as one frame, small or large") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 16;
    CHECK(send(tap, {"head", "er", "payload"}, offload) == net::TransmitResult::kSent);
    tap.publish();
    const std::string frame = pair.read();
    REQUIRE(frame.size() == 12 + 13);
    CHECK(frame[0] == 1);
    CHECK(frame[6] == 34);
    CHECK(frame.substr(12) == "headerpayload");

    const std::string large(60'000, 'L');
    CHECK(send(tap, {"header", large}) == net::TransmitResult::kSent);
    CHECK(pair.read() == kPlain + "header" + large);
}

TEST_CASE("a tap driver keeps frames in order, however they are gathered") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    const std::string middling(3000, 'M'), large(60'000, 'L');
    CHECK(send(tap, {"one"}) == net::TransmitResult::kSent);
    CHECK(send(tap, {middling}) == net::TransmitResult::kSent);
    CHECK(pair.read().empty());  // nothing leaves before it must
    CHECK(send(tap, {large}) == net::TransmitResult::kSent);
    CHECK(send(tap, {"two"}) == net::TransmitResult::kSent);
    tap.publish();
    for (const std::string& frame : {std::string("one"), middling, large, std::string("two")})
        CHECK(pair.read() == kPlain + frame);
    CHECK(pair.read().empty());
}

TEST_CASE(
    "datagrams of one flow leave as one frame, in their order and in front of nothing that came before") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {.udp_segmentation = true});
    net::testing::Host host({.checksum = true});
    host.know(net::testing::Host::kPeer);
    const auto socket = *host.stack.udp().open();
    std::size_t arrived = 0;  // bytes of payload
    const auto collect = [&] {
        for (std::string frame = pair.read(); !frame.empty(); frame = pair.read())
            arrived += frame.size() - (12 + 42);
    };
    const auto say = [&](std::uint16_t port, std::string_view text) {
        REQUIRE(socket->send_to(host.now, {net::testing::Host::kPeer.address, port}, as_bytes(text)));
        const net::testing::Frame frame = host.device.take();
        // Headers and payload apart, as the stack hands them over.
        const Bytes pieces[] = {Bytes(frame).first(42), Bytes(frame).subspan(42)};
        while (tap.transmit({pieces, host.device.offload}) == net::TransmitResult::kFull) collect();
    };
    // How the device shall cut it, and all that lies behind the first one's headers.
    const auto seen = [&] {
        const std::string frame = pair.read();
        REQUIRE(frame.size() > 12 + 42);
        return std::to_string(frame[1]) + " " + std::to_string(frame[4]) + " " + frame.substr(12 + 42);
    };
    say(1, "aaaa"), say(2, "bb"), say(1, "AAAA"), say(2, "BB"), say(1, "a"), say(1, "cccc"), say(3, "d");
    tap.publish();
    CHECK(seen() == "5 4 aaaaAAAAa");
    CHECK(seen() == "5 2 bbBB");
    CHECK(seen() == "0 0 cccc");
    CHECK(seen() == "0 0 d");
    CHECK(pair.read().empty());

    // Something else lies between: what comes later stays behind it.
    say(1, "aaaa");
    send(tap, {"no datagram"});
    say(1, "bbbb"), say(1, "cccc");
    tap.publish();
    CHECK(seen() == "0 0 aaaa");
    CHECK(pair.read() == kPlain + "no datagram");
    CHECK(seen() == "5 4 bbbbcccc");

    // More flows than there is room to remember, more datagrams than there is room for: none is lost.
    std::size_t sent = 0;
    for (std::uint16_t i = 0; i < 400; ++i) {
        say(std::uint16_t(1 + i % 50), "12345678");
        sent += 8;
    }
    for (int quiet = 0; quiet < 2; ++quiet) {
        const std::size_t before = arrived;
        collect();
        tap.flush();
        if (arrived != before) quiet = -1;
    }
    CHECK(arrived == sent);
}

TEST_CASE("what a full tap did not take leaves when there is room") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    int sent = 0;
    while (sent < 10'000 && send(tap, {std::to_string(sent)}) == net::TransmitResult::kSent) ++sent;
    REQUIRE(sent < 10'000);
    int seen = 0;
    for (int quiet = 0; quiet < 2;) {
        const std::string frame = pair.read();
        if (frame.empty()) {
            ++quiet;
            tap.flush();
            continue;
        }
        quiet = 0;
        CHECK(frame == kPlain + std::to_string(seen));
        ++seen;
    }
    CHECK(seen == sent);
    CHECK_FALSE(tap.readiness().want_writable);
}

TEST_CASE("frames of all sizes arrive in one burst") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    Collector collector;
    std::vector<std::string> frames;
    for (int i = 0; i < 40; ++i)
        frames.push_back(std::string(i % 7 == 3 ? 40'000 : 60 + 100 * (i % 3), char('a' + i % 26)));
    std::size_t written = 0, taken = 0;
    while (taken < frames.size()) {
        // As many as the socket's buffer holds.
        for (int i = 0; i < 3 && written < frames.size(); ++i) pair.write(kPlain + frames[written++]);
        taken += tap.receive(collector);
    }
    CHECK(collector.frames == frames);
}

TEST_CASE("a full tap says so and asks to be told when there is room") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    CHECK_FALSE(tap.readiness().want_writable);
    int sent = 0;
    while (sent < 10'000 && send(tap, {"frame"}) == net::TransmitResult::kSent) ++sent;
    REQUIRE(sent < 10'000);
    CHECK(tap.readiness().want_writable);
    CHECK_FALSE(tap.gone());
    while (!pair.read().empty()) {
    }
    CHECK(send(tap, {"frame"}) == net::TransmitResult::kSent);
    CHECK_FALSE(tap.readiness().want_writable);
}

TEST_CASE("a tap that has vanished is noticed by reading and by writing") {
    // A closed descriptor stands in for it: EBADF instead of EBADFD.
    TapDevice reading(gate(), 1'000'000, {}), writing(gate(), 1'000'000, {});
    Collector collector;
    CHECK(reading.receive(collector) == 0);
    CHECK(reading.gone());
    CHECK(reading.readiness().handle == -1);
    CHECK(send(writing, {"frame"}) == net::TransmitResult::kSent);
    writing.publish();
    CHECK(writing.gone());
    CHECK(send(writing, {"frame"}) == net::TransmitResult::kGone);
}

TEST_CASE("a retained buffer is left alone; at 64 of them frames come without an owner") {
    const Pair pair(SOCK_DGRAM);
    TapDevice tap(gate(), pair.driver, {});
    Collector collector;
    collector.keep = true;
    for (int i = 0; i < 70; ++i) {
        pair.write(kPlain + std::to_string(i));
        CHECK(tap.receive(collector) == 1);
    }
    CHECK(collector.owners.size() == LandingBuffers::kMaximum);
    CHECK(collector.last_owner == nullptr);
    CHECK(collector.frames[69] == "69");
    for (std::size_t i = 0; i < collector.kept.size(); ++i)
        CHECK(as_text(collector.kept[i]) == std::to_string(i));
    for (net::BufferOwner* owner : collector.owners) owner->release();
    pair.write(kPlain + "again");
    CHECK(tap.receive(collector) == 1);
    CHECK(collector.last_owner != nullptr);
    collector.owners.back()->release();
}

TEST_CASE("frames of a stream are found however the bytes arrive") {
    const Pair pair(SOCK_STREAM);
    StreamDevice stream(gate(), pair.driver, 1500);
    Collector collector;
    const std::string bytes = framed("first") + framed("") + framed(std::string(3000, 'x')) + framed("last");
    for (std::size_t at = 0; at < bytes.size(); at += 7) {
        pair.write(bytes.substr(at, 7));
        stream.receive(collector);
    }
    REQUIRE(collector.frames.size() == 4);
    CHECK(collector.frames[0] == "first");
    CHECK(collector.frames[1].empty());
    CHECK(collector.frames[2] == std::string(3000, 'x'));
    CHECK(collector.frames[3] == "last");
    CHECK_FALSE(stream.gone());
}

TEST_CASE("a retained frame of a stream stays whole while the stream goes on") {
    const Pair pair(SOCK_STREAM);
    StreamDevice stream(gate(), pair.driver, 1500);
    Collector collector;
    collector.keep = true;
    pair.write(framed("keep me") + framed("cut in two").substr(0, 8));
    stream.receive(collector);
    pair.write(framed("cut in two").substr(8));
    stream.receive(collector);
    CHECK(collector.frames == std::vector<std::string>{"keep me", "cut in two"});
    CHECK(as_text(collector.kept[0]) == "keep me");
    for (net::BufferOwner* owner : collector.owners) owner->release();
}

TEST_CASE("a stream that ends, or speaks of impossible frames, has vanished") {
    Collector collector;
    {
        Pair pair(SOCK_STREAM);
        StreamDevice stream(gate(), pair.driver, 1500);
        pair.hang_up();
        CHECK(stream.receive(collector) == 0);
        CHECK(stream.gone());
        CHECK(send(stream, {"frame"}) == net::TransmitResult::kGone);
        CHECK(stream.readiness().handle == -1);
    }
    const Pair pair(SOCK_STREAM);
    StreamDevice stream(gate(), pair.driver, 1500);
    pair.write(std::string("\0\1\0\xff garbage", 12));
    stream.receive(collector);
    CHECK(stream.gone());
    CHECK(collector.frames.empty());
}

TEST_CASE("a stream takes frames whole although its socket takes them in parts") {
    const Pair pair(SOCK_STREAM);
    StreamDevice stream(gate(), pair.driver, 1500);
    const std::string frame(50'000, 'f');
    int sent = 0;
    while (sent < 1000 && send(stream, {"head", frame}) == net::TransmitResult::kSent) ++sent;
    REQUIRE(sent < 1000);
    CHECK(stream.readiness().want_writable);
    std::string received;
    for (std::string bytes = pair.read(); !bytes.empty(); bytes = pair.read()) {
        received += bytes;
        stream.flush();
    }
    CHECK_FALSE(stream.readiness().want_writable);
    REQUIRE(received.size() == std::size_t(sent) * (4 + 4 + frame.size()));
    for (int i = 0; i < sent; ++i)
        CHECK(received.substr(std::size_t(i) * 50'008, 50'008) == framed("head" + frame));
}

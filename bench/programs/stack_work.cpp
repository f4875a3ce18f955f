// Two stacks on one wire, for an instrument that counts instructions: stack_work KIND COUNT. KIND is `bulk`
// (COUNT bytes, device with offloads), `reference` (the same by send_reference()), `segments` (COUNT bytes in
// frames of 1500, checksums computed) or `trips` (COUNT messages of 64 bytes there and back). The wire copies
// each frame once, as a tap does.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "net/stack.h"

using namespace holm;
using namespace holm::net;

namespace {

// A buffer of the receiving device, which takes it back when nobody looks at it any more.
struct Buffer final : BufferOwner {
    explicit Buffer(std::vector<Buffer*>& home) : home_(home) {}
    void retain() override { ++users; }
    void release() override {
        if (--users == 0) home_.push_back(this);
    }

    std::byte bytes[70'000];
    std::size_t size = 0;
    Offload offload;
    int users = 0;

  private:
    std::vector<Buffer*>& home_;
};

class Wire final : public LinkDevice {
  public:
    explicit Wire(bool offloads) : offloads_(offloads) {}

    TransmitResult transmit(const OutgoingFrame& frame) override {
        if (free_.empty()) {
            all_.push_back(std::make_unique<Buffer>(free_));
            free_.push_back(all_.back().get());
        }
        Buffer& buffer = *free_.back();
        free_.pop_back();
        buffer.size = 0;
        for (const Bytes piece : frame.pieces) {
            std::memcpy(buffer.bytes + buffer.size, piece.data(), piece.size());
            buffer.size += piece.size();
        }
        buffer.offload = frame.offload;
        buffer.offload.checksum_valid = offloads_;
        buffer.offload.needs_checksum = false;
        buffer.users = 1;
        under_way_.push_back(&buffer);
        return TransmitResult::kSent;
    }
    DeviceCapabilities capabilities() const override {
        return {.mtu = 1500, .checksum = offloads_, .tcp4_segmentation = offloads_};
    }
    std::vector<Buffer*> take() { return std::exchange(under_way_, {}); }

  private:
    bool offloads_;
    std::vector<std::unique_ptr<Buffer>> all_;
    std::vector<Buffer*> free_;
    std::vector<Buffer*> under_way_;
};

struct Side {
    Side(int number, bool offloads) : wire(offloads) {
        Stack::Configuration configuration;
        configuration.secret[0] = std::byte(number);
        stack = std::make_unique<Stack>(configuration);
        InterfaceConfiguration with;
        with.mac = {{2, 0, 0, 0, 0, std::uint8_t(number)}};
        with.address = IpAddress::v4(10, 0, 0, std::uint8_t(number));
        with.prefix_length = 24;
        interface = *stack->add_interface({}, wire, with);
    }
    Wire wire;
    std::unique_ptr<Stack> stack;
    Interface* interface;
};

class Pair {
  public:
    explicit Pair(bool offloads) : a_(1, offloads), b_(2, offloads) {
        const auto listener = b_.stack->tcp().listen({{}, 7}, 16);
        client = *a_.stack->tcp().connect(now_, {IpAddress::v4(10, 0, 0, 2), 7});
        for (int i = 0; i < 10'000 && !server; ++i) {
            turn();
            if (auto accepted = (*listener)->accept()) server = std::move(accepted);
        }
        if (!server) std::abort();
        client->set_no_delay(true);
        server->set_no_delay(true);
    }

    // Both have their turn. When both are silent the time goes by, else a few microseconds.
    void turn() {
        bool any = carry(a_, b_);
        any |= carry(b_, a_);
        now_ = now_ + Duration::microseconds(5);
        if (any) return;
        const Instant next = std::min(a_.stack->next_deadline(), b_.stack->next_deadline());
        if (!next.is_never()) now_ = std::max(now_, next);
    }

  private:
    bool carry(Side& from, Side& to) {
        from.stack->transmit(now_);
        const auto frames = from.wire.take();
        for (Buffer* frame : frames) {
            to.stack->receive(now_, *to.interface, {{frame->bytes, frame->size}, frame->offload, frame});
            frame->release();
        }
        return !frames.empty();
    }

    Instant now_;
    Side a_;
    Side b_;

  public:
    Reference<tcp::Connection> client;
    Reference<tcp::Connection> server;
};

void stream(bool offloads, bool by_reference, std::size_t length) {
    static std::byte block[128U << 10U];
    Pair pair(offloads);
    std::size_t sent = 0;
    for (std::size_t received = 0; received < length;) {
        while (sent < length) {
            if (by_reference) {
                if (pair.client->unacknowledged_bytes() > (1U << 20U)) break;
                if (!pair.client->send_reference(block, nullptr)) break;
                sent += sizeof(block);
            } else {
                const std::size_t taken = pair.client->send(block).value_or(0);
                sent += taken;
                if (taken < sizeof(block)) break;
            }
        }
        pair.turn();
        while (pair.server->readable_bytes() > 0) {
            const std::size_t bytes = pair.server->readable().size();
            received += bytes;
            pair.server->consume(bytes);
        }
    }
}

void trips(std::size_t count) {
    constexpr std::size_t kSize = 64;
    static constexpr std::byte kMessage[kSize] = {};
    Pair pair(true);
    const auto answered = [&](tcp::Connection& connection) {
        while (connection.readable_bytes() < kSize) pair.turn();
        connection.consume(kSize);
    };
    for (std::size_t i = 0; i < count; ++i) {
        (void)pair.client->send(kMessage);
        answered(*pair.server);
        (void)pair.server->send(kMessage);
        answered(*pair.client);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string_view kind = argv[1];
    const std::size_t count = std::strtoul(argv[2], nullptr, 10);
    if (kind == "bulk")
        stream(true, false, count);
    else if (kind == "reference")
        stream(true, true, count);
    else if (kind == "segments")
        stream(false, false, count);
    else if (kind == "trips")
        trips(count);
    else
        return 2;
}

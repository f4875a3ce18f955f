// A network device of the tender whose guest writes what it likes into rings and buffers, with a socket pair
// for its tap or stream. A round of service ends, writes only into the guest's memory (ASan watches its
// borders), and no more than a batch is received.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <sys/socket.h>
#include <unistd.h>

#include "tender/devices/net_device.h"
#include "tests/unit/tender/virtio/support.h"

using namespace holm;
using namespace holm::tender;

namespace {

constexpr std::uint32_t kSize = 32;
constexpr std::uint64_t kStart = 0x10000;
constexpr std::uint64_t kTransmitRing = 2048;    // of the memory, as all that follows
constexpr std::uint64_t kBuffers = 4096;         // read-only for devices' own hands, as text would be
constexpr std::uint64_t kReceiveBuffers = 8192;  // receive buffers of the size of a frame
constexpr std::uint64_t kMemorySize = kReceiveBuffers + 80'000;

class Guest {
  public:
    Guest(bool stream, const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {
        const int type = (stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_NONBLOCK;
        if (socketpair(AF_UNIX, type, 0, ends_) != 0) abort();
        holm_boot_device device{};
        device.transport = stream ? HOLM_TRANSPORT_STREAM : HOLM_TRANSPORT_TAP;
        device.handle = ends_[0];
        device_ = NetDevice(device, bytes_.get(), kSize, bytes_.get() + kTransmitRing, kSize, memory_);
    }
    ~Guest() {
        close(ends_[0]);
        close(ends_[1]);
    }
    void run() {
        while (at_ < size_) step();
    }

  private:
    std::uint8_t next() { return at_ < size_ ? data_[at_++] : 0; }
    std::uint16_t next16() { return std::uint16_t(next() | next() << 8); }
    void set(std::byte* ring, std::uint32_t offset, std::uint16_t value) {
        std::memcpy(ring + offset, &value, 2);
    }

    void step() {
        const std::uint8_t what = next();
        const int which = what >> 7;
        std::byte* const ring = bytes_.get() + (which ? kTransmitRing : 0);
        switch (what % 8) {
            case 0: {
                const std::uint8_t how = next();
                const holm_virtq_descriptor descriptor{
                    .address = kStart + (how & 0x80 ? next16() * 7u
                                         : which    ? kBuffers + next16() % 4096
                                                    : kReceiveBuffers + next()),
                    .size = how & 0x40 ? next16() * 3u
                            : which    ? next() + 1u
                                       : 70'000u + next(),
                    .flags = how & 0x20 ? next16() : std::uint16_t(which ? how & 1 : (how & 1) | 2),
                    .next = std::uint16_t(next() % kSize)};
                std::memcpy(ring + sizeof descriptor * (next() % kSize), &descriptor, sizeof descriptor);
                break;
            }
            case 1:
            case 2:
                set(ring, holm_virtq_available(kSize) + 4 + 2 * (index_[which] % kSize),
                    next() % (kSize + 1));
                set(ring, holm_virtq_available(kSize) + 2, ++index_[which]);
                break;
            case 3:
                set(ring, next16() % (holm_virtq_bytes(kSize) - 1), next16());
                break;
            case 4: {  // the network sends
                const std::size_t size = std::min<std::size_t>(next(), size_ - at_);
                if (size != 0) (void)!write(ends_[1], data_ + at_, size);
                at_ += size;
                break;
            }
            case 5: {
                std::array<char, 4096> sink;
                (void)!read(ends_[1], sink.data(), sink.size());
                break;
            }
            default:
                device_.serve();
                if (device_.broken() != nullptr && device_.poll_descriptor() != -1) abort();
        }
    }

    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
    int ends_[2];
    std::unique_ptr<std::byte[]> bytes_{new std::byte[kMemorySize]()};
    test::SomeMemory memory_{{bytes_.get(), kMemorySize}, kStart, 0};
    NetDevice device_;
    std::uint16_t index_[2] = {};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Guest(data[0] & 1, data + 1, size - 1).run();
    return 0;
}

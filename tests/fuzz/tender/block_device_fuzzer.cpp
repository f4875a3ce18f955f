// A block device of the tender whose guest writes what it likes into ring and buffers, over a small file.
// Serving ends, writes only into the guest's memory (ASan watches its borders) and only within the file's
// size; a read-only file keeps its contents.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tender/devices/block_device.h"
#include "tests/unit/tender/virtio/support.h"

using namespace holm;
using namespace holm::tender;

namespace {

constexpr std::uint32_t kSize = 32;
constexpr std::uint64_t kStart = 0x10000;
constexpr std::uint64_t kHeaders = 4096;  // of the memory, as all that follows
constexpr std::uint64_t kBuffers = 8192;
constexpr std::uint64_t kMemorySize = 32768;
constexpr std::uint64_t kFileSize = 16384;

class Guest {
  public:
    Guest(bool read_only, const std::uint8_t* data, std::size_t size)
        : read_only_(read_only),
          data_(data),
          size_(size),
          handles_{memfd_create("disk", 0), eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK)},
          device_(described(read_only), handles_, bytes_.get(), kSize, memory_) {
        if (ftruncate(handles_.file, kFileSize) != 0) abort();
    }
    ~Guest() {
        for (const int descriptor : {handles_.file, handles_.doorbell, handles_.news}) close(descriptor);
    }
    void run() {
        while (at_ < size_) step();
        struct stat status{};
        if (fstat(handles_.file, &status) != 0 || status.st_size != kFileSize) abort();
        if (read_only_ && status.st_blocks != 0) abort();
    }

  private:
    static holm_boot_device described(bool read_only) {
        holm_boot_device device{};
        device.block.sector_size = 512;
        device.block.sector_count = kFileSize / 512;
        device.block.flags = read_only ? HOLM_DEVICE_READ_ONLY : 0;
        return device;
    }
    std::uint8_t next() { return at_ < size_ ? data_[at_++] : 0; }
    std::uint16_t next16() { return std::uint16_t(next() | next() << 8); }
    void set(std::uint32_t offset, std::uint16_t value) { std::memcpy(bytes_.get() + offset, &value, 2); }
    void descriptor(std::uint32_t index, const holm_virtq_descriptor& value) {
        std::memcpy(bytes_.get() + sizeof value * index, &value, sizeof value);
    }
    void publish(std::uint16_t head) {
        set(holm_virtq_available(kSize) + 4 + 2 * (index_ % kSize), head);
        set(holm_virtq_available(kSize) + 2, ++index_);
    }

    // A request as a driver makes it, but for what stands in it.
    void well_formed() {
        static constexpr std::array<std::uint32_t, 8> kTypes{0, 1, 4, 11, 13, 0, 1, 8};
        const std::uint8_t kind = next();
        const holm_virtio_block_header header{
            .type = kTypes[kind % 8],
            .reserved = 0,
            .sector = kind & 0x80 ? next16() * 0x100010001ull : next() % 40u};
        std::memcpy(bytes_.get() + kHeaders, &header, sizeof header);
        const holm_virtio_block_range range{.sector = next() % 40u,
                                            .sector_count = kind & 0x40 ? next16() * 65537u : next() % 40u,
                                            .flags = next()};
        std::memcpy(bytes_.get() + kBuffers, &range, sizeof range);
        const bool is_range = header.type >= 11;
        const std::uint32_t size = is_range ? 16 : kind & 0x20 ? next16() + 1u : (next() % 40u + 1) * 512;
        const auto base = std::uint16_t(next() % 10 * 3);
        descriptor(base, {kStart + kHeaders, 16, HOLM_VIRTQ_NEXT, std::uint16_t(base + 1)});
        descriptor(base + 1u, {kStart + kBuffers, size,
                               std::uint16_t(HOLM_VIRTQ_NEXT | (header.type == 0 ? HOLM_VIRTQ_WRITE : 0)),
                               std::uint16_t(base + 2)});
        descriptor(base + 2u, {kStart + kHeaders + 64, 1, HOLM_VIRTQ_WRITE, 0});
        publish(base);
    }

    void step() {
        switch (next() % 8) {
            case 0:
            case 1:
            case 2:
                return well_formed();
            case 3: {
                const std::uint8_t how = next();
                return descriptor(next() % kSize,
                                  {.address = kStart + (how & 0x80 ? next16() : kBuffers + next16() % 4096),
                                   .size = how & 0x40 ? next16() : next() + 1u,
                                   .flags = how & 0x20 ? next16() : std::uint16_t(how & 3),
                                   .next = std::uint16_t(next() % kSize)});
            }
            case 4:
                return publish(next() % (kSize + 1));
            case 5:
                return set(next16() % (holm_virtq_bytes(kSize) - 1), next16());
            case 6:
                bytes_[kHeaders + next() % 32] = std::byte{next()};
                return;
            default:
                device_.ring();
                device_.serve();
                device_.take_news();
        }
    }

    bool read_only_;
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
    std::unique_ptr<std::byte[]> bytes_{new std::byte[kMemorySize]()};
    test::SomeMemory memory_{{bytes_.get(), kMemorySize}, kStart, 0};
    BlockDevice::Handles handles_;
    BlockDevice device_;
    std::uint16_t index_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    Guest(data[0] & 1, data + 1, size - 1).run();
    return 0;
}

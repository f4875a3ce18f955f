// A compiled table that somebody has damaged: refused, or evaluated within bounds.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "services/filter/engine/evaluator.h"
#include "tests/support/packets.h"

using namespace holm;

namespace {

struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(16)); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 16 || size > 65'536) return 0;
    const std::unique_ptr<std::byte, Free> memory(
        static_cast<std::byte*>(::operator new(size, std::align_val_t(16))));
    std::memcpy(memory.get(), data, size);
    auto table = filter::Table::open({memory.get(), size});
    if (!table) {
        // Its stated size and magic are the least of it.
        filter::TableHeader header;
        if (size < sizeof header) return 0;
        std::memcpy(&header, memory.get(), sizeof header);
        header.magic = filter::kMagic;
        header.size = std::uint32_t(size);
        std::memcpy(memory.get(), &header, sizeof header);
        table = filter::Table::open({memory.get(), size});
        if (!table) return 0;
    }
    filter::Evaluator evaluator(*table);
    test::Octets octets =
        test::frame(net::IpAddress::v4(10, 0, 0, 1), net::IpAddress::v4(10, 0, 0, 2), packet::kTcp,
                    test::tcp({.source_port = 1, .destination_port = 22, .flags = 2}));
    auto packet = packet::Packet::parse(octets, {});
    for (const filter::Chain& chain : table->chains()) {
        filter::Subject subject(*packet);
        evaluator.run(chain, subject, Instant::from_nanoseconds(1));
    }
    return 0;
}

// Stores to the page of hypercalls and structures behind them, as a hostile guest makes them. Each call is
// refused with a printable sentence or reaches the host with what has been checked: memory of the image's
// own, pages that it may guard.

#include <cstdlib>
#include <cstring>

#include "tender/vm/hypercalls.h"
#include "tests/unit/tender/vm/machine_example.h"

using namespace holm;
using namespace holm::tender;

namespace {

class CheckingHost final : public HypercallHost {
  public:
    explicit CheckingHost(const ExampleMachine& machine) : machine_(machine) {}

    bool write_console(Bytes text) override {
        // Every byte can be read; the sanitizer sees to it that they are ours.
        std::uint64_t sum = 0;
        for (const std::byte byte : text) sum += static_cast<std::uint64_t>(byte);
        return sum != 1;
    }
    bool wait(std::uint64_t deadline_ns, bool until_stop) override { return deadline_ns != 0 && !until_stop; }
    holm_clock_call read_clocks() override { return {}; }
    bool make_guard(GuestAddress page) override {
        const auto address = static_cast<std::uint64_t>(page);
        if (address % 4096 != 0 || !machine_.memory.contains(machine_.memory.at(address + 4095)))
            std::abort();
        return true;
    }
    bool resume(const holm_upcall_frame& frame) override {
        if (frame.rip >= kUserEnd || (frame.rflags & ~std::uint64_t{0x240cd7}) != 0) std::abort();
        return true;
    }
    [[noreturn]] void exit(int status, bool) override {
        if (status < 0 || status > 255) std::abort();
        throw status;
    }

  private:
    const ExampleMachine& machine_;
};

struct Input {
    const std::uint8_t* data;
    std::size_t size;

    std::uint64_t take(std::size_t bytes) {
        std::uint64_t value = 0;
        bytes = bytes < size ? bytes : size;
        std::memcpy(&value, data, bytes);
        data += bytes;
        size -= bytes;
        return value;
    }
};

// Most random numbers are no address at all, so the guest may also say "part n of me, plus so much".
std::uint64_t take_value(Input& input, const ExampleMachine& machine) {
    const std::uint64_t parts[] = {machine.heap(),
                                   machine.text(),
                                   machine.constants(),
                                   machine.relro(),
                                   machine.data(),
                                   machine.map.layout.stack.start,
                                   machine.map.layout.rings.start,
                                   machine.map.hypercalls,
                                   machine.heap() + ExampleMachine::kHeap - 64,
                                   machine.map.bus_offset};
    const std::uint64_t which = input.take(1);
    if (which >= std::size(parts)) return input.take(8);
    return parts[which] + input.take(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static ExampleMachine machine;
    CheckingHost host(machine);
    Hypercalls hypercalls(machine.memory, host);
    Input input{data, size};
    while (input.size != 0) {
        // A structure of values, then the call that may name it.
        const std::uint64_t at = machine.heap() + input.take(2) % (ExampleMachine::kHeap - 160);
        for (std::uint64_t word = input.take(1) % 20; word > 0; word--)
            machine.put(at + 8 * (word - 1), take_value(input, machine));
        const std::uint64_t number = input.take(1);
        const bool odd = number > 240;
        const std::uint64_t offset = odd ? input.take(2) % 4096 : number % 10 * 8;
        const auto width = static_cast<std::uint32_t>(odd ? input.take(1) : 8);
        const std::uint64_t value = input.take(1) % 2 == 0 ? at : take_value(input, machine);
        try {
            if (hypercalls.call(offset, width, value)) continue;
        } catch (int) {
            return 0;
        }
        if (hypercalls.why().view().empty()) std::abort();
        for (const char c : hypercalls.why().view())
            if (c < 0x20 || c > 0x7e) std::abort();
    }
    return 0;
}

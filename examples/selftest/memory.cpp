// Memory that must not be read, written or executed, and the nets below a mistake in the service.

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <holm/contract.h>

#include "checks.h"

extern "C" const char __ehdr_start[];  // the linker's: where the image begins

namespace selftest {
namespace {

constexpr std::uint8_t kReturn = 0xc3;  // `ret`: code that does no harm

const std::array<std::uint8_t, 16> constant_code = {kReturn, 1, 2, 3};
std::array<std::uint8_t, 16> data_code = {kReturn};
// Constant after its relocation: it lies in the RELRO segment.
void (*const relocated[])(holm::Machine&) = {[](holm::Machine&) {}, [](holm::Machine& m) { (void)m.net(); }};

std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

void write_to(holm::Machine& machine, std::string_view what, std::uint64_t address) {
    announce(machine, what, address);
    *hidden<volatile std::uint8_t>(address) = kReturn;
}

void read_from(holm::Machine& machine, std::string_view what, std::uint64_t address) {
    announce(machine, what, address);
    (void)*hidden<volatile std::uint8_t>(address);
}

void execute(holm::Machine& machine, std::string_view what, std::uint64_t address) {
    announce(machine, what, address);
    hidden<void()>(address)();
}

const holm_boot_info& boot() {
    return *holm::this_core().boot;
}

void write_code(holm::Machine& machine) {
    write_to(machine, "write to the image's code at", address_of(reinterpret_cast<void*>(&write_code)));
}
void write_constant(holm::Machine& machine) {
    write_to(machine, "write to constant data at", address_of(constant_code.data()));
}
void write_relro(holm::Machine& machine) {
    write_to(machine, "write to a relocated constant pointer at", address_of(&relocated[0]));
}
void write_header(holm::Machine& machine) {
    write_to(machine, "write to the image's ELF header at", address_of(__ehdr_start));
}
void execute_constant(holm::Machine& machine) {
    execute(machine, "execute constant data at", address_of(constant_code.data()));
}
void execute_data(holm::Machine& machine) {
    execute(machine, "execute writable data at", address_of(data_code.data()));
}
void execute_heap(holm::Machine& machine) {
    const auto code = std::make_unique<std::uint8_t[]>(64);
    code[0] = kReturn;
    execute(machine, "execute memory of the heap at", address_of(code.get()));
}
void execute_stack(holm::Machine& machine) {
    std::array<volatile std::uint8_t, 16> code{};
    code[0] = kReturn;
    execute(machine, "execute memory of the stack at", address_of(const_cast<std::uint8_t*>(code.data())));
}
void read_page_zero(holm::Machine& machine) {
    read_from(machine, "read from address", 0);
}
void write_page_zero(holm::Machine& machine) {
    write_to(machine, "write to address", 8);
}
void execute_page_zero(holm::Machine& machine) {
    execute(machine, "call a function at address", 0);
}
void read_kernel_half(holm::Machine& machine) {
    read_from(machine, "read from the kernel's half of the address space,", 0xffff'8000'0000'0000);
}
void read_before_image(holm::Machine& machine) {
    read_from(machine, "read the byte below the image,", boot().image_base - 1);
}
void write_below_stack(holm::Machine& machine) {
    write_to(machine, "write to the byte below the stack,", boot().stack_low - 1);
}
void write_after_heap(holm::Machine& machine) {
    write_to(machine, "write to the byte behind the heap,", boot().heap_start + boot().heap_size);
}
void write_before_heap(holm::Machine& machine) {
    write_to(machine, "write to the byte below the heap,", boot().heap_start - 1);
}

[[gnu::noinline]] int endless_recursion(int depth) {
    std::array<volatile int, 256> local;
    local[static_cast<std::size_t>(depth) % 256] = depth;
    return depth < 0 ? 0 : endless_recursion(depth + 1) + local[3];
}
void overflow_stack(holm::Machine& machine) {
    announce(machine, "recursion without an end, into the stack's guard page");
    if (endless_recursion(0) == 1) std::abort();
}

[[gnu::noinline]] void smash(std::size_t size) {
    char local[16];
    std::memset(hidden<char>(address_of(local)), 'x', size);
}
void smash_stack(holm::Machine& machine) {
    announce(machine, "write 64 bytes into a local array of 16, over the return address");
    smash(64);
}

void array_bounds(holm::Machine& machine) {
    announce(machine, "read element 7 of a std::array of 4");
    std::array<int, 4> values{};
    std::size_t index = 7;
    __asm__("" : "+r"(index));
    if (values[index] == 1) std::abort();
}

void free_twice(holm::Machine& machine) {
    announce(machine, "free the same memory twice");
    void* memory = std::malloc(100);
    __asm__("" : "+r"(memory));
    std::free(memory);
    __asm__("" : "+r"(memory));
    std::free(memory);
}

void write_after_free(holm::Machine& machine) {
    announce(machine, "write to memory that was freed, then allocate it again");
    void* memory = std::malloc(100);
    std::free(memory);
    std::memset(hidden<char>(address_of(memory)), 'x', 100);
    void* volatile again = std::malloc(100);
    (void)again;
}

constexpr Check kChecks[] = {
    {"write-code", write_code},
    {"write-constant", write_constant},
    {"write-relro", write_relro},
    {"write-header", write_header},
    {"execute-constant", execute_constant},
    {"execute-data", execute_data},
    {"execute-heap", execute_heap},
    {"execute-stack", execute_stack},
    {"read-page-zero", read_page_zero},
    {"write-page-zero", write_page_zero},
    {"execute-page-zero", execute_page_zero},
    {"read-kernel-half", read_kernel_half},
    {"read-before-image", read_before_image},
    {"write-below-stack", write_below_stack},
    {"write-after-heap", write_after_heap},
    {"write-before-heap", write_before_heap},
    {"overflow-stack", overflow_stack},
    {"smash-stack", smash_stack},
    {"array-bounds", array_bounds},
    {"free-twice", free_twice},
    {"write-after-free", write_after_free},
};

}  // namespace

std::span<const Check> memory_checks() {
    return kChecks;
}

}  // namespace selftest

#pragma once

// What the image can try. Each function says what it is about to do, in one line, and does it; returning
// means that nothing stopped it.

#include <cstdint>
#include <span>
#include <string_view>

#include <holm/machine.h>

namespace selftest {

struct Check {
    std::string_view name;  // as `holm selftest` asks for it
    void (*run)(holm::Machine& machine);
};

std::span<const Check> memory_checks();
std::span<const Check> privileged_checks();
std::span<const Check> interface_checks();
std::span<const Check> fact_checks();

// "trying: TEXT 0xADDRESS", written out at once, for what follows may be the end.
void announce(holm::Machine& machine, std::string_view text, std::uint64_t address);
void announce(holm::Machine& machine, std::string_view text);

// An address that the compiler knows nothing about.
template <typename T>
T* hidden(std::uint64_t address) {
    __asm__("" : "+r"(address));
    return reinterpret_cast<T*>(address);
}

}  // namespace selftest

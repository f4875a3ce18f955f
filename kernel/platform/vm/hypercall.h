#pragma once

// A hypercall: a store to the page of hypercalls (abi/hypercalls.h). When the store is done, so is the call.

#include <cstdint>

#include "abi/boot_info.h"
#include "abi/hypercalls.h"

namespace holm::platform {

class HypercallPage {
  public:
    explicit HypercallPage(const holm_boot_vm& vm) : page_(reinterpret_cast<std::uint64_t*>(vm.hypercalls)) {}

    void call(holm_hypercall number, std::uint64_t value) const {
        // One plain store of a register, which every KVM can decode.
        __asm__ volatile("movq %1, %0" : "=m"(page_[number]) : "r"(value) : "memory");
    }
    template <typename T>
    void call(holm_hypercall number, T& arguments) const {
        call(number, reinterpret_cast<std::uint64_t>(&arguments));
    }

  private:
    std::uint64_t* page_;
};

}  // namespace holm::platform

#pragma once

// Memory of the guest, as its devices may reach it. A bus address is a number that the guest chose; it
// becomes a place in our own memory only here, after a check.

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace holm::tender {

// An address in a descriptor of a virtqueue: the guest's own less holm_boot_vm.bus_offset.
enum class BusAddress : std::uint64_t {};

class BusMemory {
  public:
    // All of [start, start + size) as the guest itself may read or write it; nothing when any byte of it is
    // not. A page that the guest has made a guard page passes and has no memory: a system call reports
    // EFAULT, an access of our own ends the tender with a sentence.
    virtual std::optional<Bytes> readable(BusAddress start, std::uint64_t size) const = 0;
    virtual std::optional<MutableBytes> writable(BusAddress start, std::uint64_t size) const = 0;

  protected:
    ~BusMemory() = default;
};

}  // namespace holm::tender

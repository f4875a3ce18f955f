#pragma once

// The guest's memory, as the tender may look at it. What the guest says about it is a number until it has
// been checked here; the rules are those of the guest's own page tables, so a device can do nothing for a
// guest that the guest could not do itself.
//
// A page that the guest has made a guard page passes the check and has no memory: a system call reports
// EFAULT, an access ends the tender with a sentence (signals.h).

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "tender/devices/bus_memory.h"
#include "tender/vm/address_map.h"

namespace holm::tender {

// An address as the guest uses it.
enum class GuestAddress : std::uint64_t {};

class GuestMemory final : public BusMemory {
  public:
    // `memory` is where the tender has the machine's memory; `relro` and the segments come from the plan.
    GuestMemory(std::byte* memory, const AddressMap& map, const LoadPlan& plan);

    // All of [start, start + size) as the guest may read or write it; nothing when any byte of it is not.
    // Size 0 lies everywhere.
    std::optional<Bytes> readable(GuestAddress start, std::uint64_t size) const;
    std::optional<MutableBytes> writable(GuestAddress start, std::uint64_t size) const;
    std::optional<Bytes> readable(BusAddress start, std::uint64_t size) const override;
    std::optional<MutableBytes> writable(BusAddress start, std::uint64_t size) const override;

    // The structure at `start`, copied once: the guest may change it meanwhile.
    template <typename T>
    std::optional<T> copy(GuestAddress start) const {
        const auto bytes = readable(start, sizeof(T));
        if (!bytes) return std::nullopt;
        T value;
        std::memcpy(&value, bytes->data(), sizeof value);
        return value;
    }
    template <typename T>
    bool store(GuestAddress start, const T& value) const {
        const auto bytes = writable(start, sizeof(T));
        if (!bytes) return false;
        std::memcpy(bytes->data(), &value, sizeof value);
        return true;
    }

    // The heap or a stack, in which guard pages can be.
    bool may_guard(GuestAddress page) const;

    // The tender's own address of a guest's byte, unchecked.
    std::byte* at(std::uint64_t guest_address) const { return memory_ + (guest_address - bus_offset_); }

    // Whether the tender's address lies in the machine's memory.
    bool contains(const void* address) const {
        return static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - memory_) < size_;
    }

  private:
    struct Region {
        AddressRange range;
        bool writable;
    };
    static constexpr std::size_t kMaxRegions = kMaxSegments + 2 + 4;

    void add(std::uint64_t start, std::uint64_t size, bool writable);
    const Region* find(std::uint64_t start, std::uint64_t size) const;

    std::byte* memory_;
    std::uint64_t size_;
    std::uint64_t bus_offset_;
    AddressRange heap_;
    AddressRange stack_;
    std::array<Region, kMaxRegions> regions_;
    std::size_t count_ = 0;
};

}  // namespace holm::tender

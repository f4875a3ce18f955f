#pragma once

// The system calls an image may make, each as a typed function through the gate page. The tender's filter
// kills the instance for any other. Results are the kernel's: negative errno values for errors, so that hot
// paths need no translation; what a handle may do was settled when the tender opened it.

#include <cstddef>
#include <cstdint>

#include "abi/boot_info.h"
#include "base/bytes.h"

struct iovec;
struct pollfd;
struct timespec;

namespace holm::platform {

class Gate {
  public:
    explicit Gate(const holm_boot_gate& gate) : call_(reinterpret_cast<Call*>(gate.call)) {}

    long read(std::int32_t handle, MutableBytes into) const {
        return call(kRead, handle, address(into.data()), as_long(into.size()));
    }
    long write(std::int32_t handle, Bytes from) const {
        return call(kWrite, handle, address(from.data()), as_long(from.size()));
    }
    long writev(std::int32_t handle, const iovec* pieces, int count) const {
        return call(kWritev, handle, address(pieces), count);
    }
    // The timeout is relative; no signal mask is passed.
    long ppoll(pollfd* devices, std::size_t count, const timespec* timeout) const {
        return call(kPpoll, address(devices), as_long(count), address(timeout));
    }
    // With kNoWait what is not in the host's memory is left out, and -EAGAIN if that is all of it.
    enum ReadFlags : int { kMayWait = 0, kNoWait = 8 /* RWF_NOWAIT */ };
    long preadv(std::int32_t handle, const iovec* pieces, int count, std::uint64_t offset,
                ReadFlags flags) const {
        return call(kPreadv2, handle, address(pieces), count, as_long(offset), 0, flags);
    }
    long pwrite(std::int32_t handle, Bytes from, std::uint64_t offset) const {
        return call(kPwrite, handle, address(from.data()), as_long(from.size()), as_long(offset));
    }
    long fdatasync(std::int32_t handle) const { return call(kFdatasync, handle); }
    // Frees what lies behind this part of a file; it reads as zeroes afterwards. The only mode that the
    // filter lets through.
    long punch_hole(std::int32_t handle, std::uint64_t offset, std::uint64_t size) const {
        constexpr long kPunchHoleAndKeepSize = 3;
        return call(kFallocate, handle, kPunchHoleAndKeepSize, as_long(offset), as_long(size));
    }
    // clock: CLOCK_MONOTONIC (1) or CLOCK_REALTIME (0).
    long clock_gettime(int clock, timespec* time) const { return call(kClockGettime, clock, address(time)); }
    // PROT_NONE is the only protection the filter lets through.
    long protect_none(void* start, std::size_t size) const {
        return call(kMprotect, address(start), as_long(size), 0);
    }
    [[noreturn]] void exit_group(int status) const {
        for (;;) call(kExitGroup, status);
    }

  private:
    using Call = long(long, long, long, long, long, long, long number);

    // Numbers of the x86-64 system call table.
    static constexpr long kRead = 0;
    static constexpr long kWrite = 1;
    static constexpr long kMprotect = 10;
    static constexpr long kPwrite = 18;
    static constexpr long kWritev = 20;
    static constexpr long kFdatasync = 75;
    static constexpr long kClockGettime = 228;
    static constexpr long kExitGroup = 231;
    static constexpr long kPpoll = 271;
    static constexpr long kFallocate = 285;
    static constexpr long kPreadv2 = 327;

    static long address(const void* pointer) { return reinterpret_cast<long>(pointer); }
    static long as_long(std::uint64_t value) { return static_cast<long>(value); }

    long call(long number, long a, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) const {
        return call_(a, b, c, d, e, f, number);
    }

    Call* call_;
};

}  // namespace holm::platform

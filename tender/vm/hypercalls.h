#pragma once

// The hypercalls of abi/hypercalls.h: what the guest passes is checked here, once; what is to be done about
// it is the host's part. No input, no output: tests and a fuzzer run this with memory of their own.

#include <cstdint>

#include "abi/hypercalls.h"
#include "tender/text/sentence.h"
#include "tender/vm/guest_memory.h"

namespace holm::tender {

class HypercallHost {
  public:
    // All of it. False: a part of it has no memory behind it.
    virtual bool write_console(Bytes text) = 0;

    // Serves the devices and sleeps; true if one has something. `deadline_ns` is on the guest's clock.
    virtual bool wait(std::uint64_t deadline_ns, bool until_stop) = 0;

    virtual holm_clock_call read_clocks() = 0;

    // False: the host takes no more of them.
    virtual bool make_guard(GuestAddress page) = 0;

    // False: no upcall runs.
    virtual bool resume(const holm_upcall_frame& frame) = 0;

    [[noreturn]] virtual void exit(int status, bool panicked) = 0;

  protected:
    ~HypercallHost() = default;
};

class Hypercalls {
  public:
    Hypercalls(const GuestMemory& memory, HypercallHost& host) : memory_(memory), host_(host) {}

    // The store of `size` bytes at `offset` of the page of hypercalls. False: it was none; see why().
    bool call(std::uint64_t offset, std::uint32_t size, std::uint64_t value);

    // One sentence about the last call that was none.
    const Sentence& why() const { return why_; }

  private:
    bool dispatch(std::uint64_t number, std::uint64_t value);
    bool write_console(GuestAddress at);
    bool wait(GuestAddress at);
    bool read_clocks(GuestAddress at);
    bool make_guard(GuestAddress page);
    bool resume(GuestAddress at);

    bool wrong(std::string_view call, std::string_view what, std::uint64_t value);

    const GuestMemory& memory_;
    HypercallHost& host_;
    Sentence why_;
};

}  // namespace holm::tender

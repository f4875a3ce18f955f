#pragma once

// --dump: the core file of a guest, written by the tender when the image reports a panic, when it has to be
// ended, or on SIGUSR1. The file is opened at the start; later the tender can open none.

#include "tender/vm/machine_state.h"
#include "tender/vm/touched_pages.h"

namespace holm::tender {

// Opens it; ends the tender with a sentence when that cannot be.
int open_core_file_or_refuse(const char* path);

class CoreDump {
  public:
    struct Input {
        int file;
        int processor;
        const char* path;  // for people
        std::string_view name;
        std::uint64_t entry;  // guest address
        const AddressMap& map;
        const LoadPlan& plan;
        DebuggedMemory& memory;
        int pagemap;  // of open_pagemap()
    };
    explicit CoreDump(const Input& input) : in_(input), touched_(input.pagemap) {}

    // Says how it went. `signal`: what the guest ended by; 0: it goes on.
    void write(const holm_upcall_frame& frame, const kvm_sregs& special, int signal);

  private:
    Input in_;
    TouchedPages touched_;
};

}  // namespace holm::tender

#pragma once

// The descriptors of a core: small numbers for open files. The lowest free number is given first, as POSIX
// has it.

#include <cstdint>

#include "kernel/posix/open_file.h"

namespace holm::posix {

// Never more descriptors than this at a time: EMFILE.
inline constexpr int kMaxDescriptors = 4096;

class DescriptorTable {
  public:
    DescriptorTable() = default;
    DescriptorTable(const DescriptorTable&) = delete;
    DescriptorTable& operator=(const DescriptorTable&) = delete;
    ~DescriptorTable();

    // Null for a number that is not open.
    OpenFile* find(int descriptor) const;
    // The lowest free number not below `minimum` refers to `file` from now on. -EMFILE or -ENOMEM otherwise;
    // a file that nothing else refers to is gone then.
    Outcome add(FileReference file, bool close_on_exec, int minimum = 0);
    // Makes `descriptor` refer to `file`; what it referred to is closed.
    Outcome replace(int descriptor, FileReference file, bool close_on_exec);
    Outcome close(int descriptor);

    // FD_CLOEXEC. There is no exec, but fcntl must give back what it was given.
    bool close_on_exec(int descriptor) const { return entries_[descriptor].close_on_exec; }
    void set_close_on_exec(int descriptor, bool value) { entries_[descriptor].close_on_exec = value; }

    int count() const { return count_; }

  private:
    struct Entry {
        OpenFile* file;
        bool close_on_exec;
    };
    Outcome reserve(int descriptor);

    Entry* entries_ = nullptr;
    int capacity_ = 0;
    int lowest_free_ = 0;  // no number below is free
    int count_ = 0;
};

}  // namespace holm::posix

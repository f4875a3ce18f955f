#pragma once

// The running core's descriptors, with 0, 1 and 2 on the console from the start.

#include "kernel/posix/descriptor_table.h"
#include "kernel/posix/state.h"

namespace holm::posix {

// Null when there is no memory for the table.
DescriptorTable* descriptors();

// The open file of a descriptor, held until the reference goes; empty if there is none.
inline FileReference find_file(int descriptor) {
    DescriptorTable* table = descriptors();
    return FileReference(table == nullptr ? nullptr : table->find(descriptor));
}

// A descriptor for a new file, which may be null: then -ENOMEM. `flags` may hold O_CLOEXEC.
Outcome add_descriptor(OpenFile* file, int flags);

}  // namespace holm::posix

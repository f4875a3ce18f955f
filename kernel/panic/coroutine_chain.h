#pragma once

// Which coroutines a task consists of at the moment: the outermost one awaits the next, and so on. The stack
// shows only the one that runs; the others are frames in the heap.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/panic/backtrace.h"

namespace holm {

class TaskRoot;

// Writes the addresses of the functions that would resume the coroutines of `root`, innermost first, and
// returns how many there are; when they are more than there is room for, the outermost ones are left out.
// What is looked at may be in disorder: nothing outside `readable` is read, and a pointer to outside `text`
// ends the chain.
std::size_t coroutine_chain(const TaskRoot& root, std::span<const AddressRange> readable, AddressRange text,
                            std::span<std::uint64_t> addresses);

}  // namespace holm

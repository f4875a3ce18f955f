#pragma once

// What the C library's side of the kernel keeps for a core. Each part is made when it is first used and
// belongs to the family of calls that uses it: an image without threads or files carries neither.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "base/intrusive_list.h"
#include "kernel/core.h"
#include "kernel/memory/pages.h"

namespace holm::posix {

class DescriptorTable;
class FutexTable;
class Refusals;
class Signals;
class InterruptibleWait;
class WorkingDirectory;

struct State {
    DescriptorTable* descriptors = nullptr;
    FutexTable* futexes = nullptr;
    Refusals* refusals = nullptr;
    Signals* signals = nullptr;
    WorkingDirectory* working_directory = nullptr;
    IntrusiveList<InterruptibleWait> interruptible;    // who waits now and would be woken by a signal
    memory::PageIndex spare_stacks = memory::kNoPage;  // see memory.cpp
    // What threads.cpp adds once there is more than the first thread.
    void (*end_this_thread)() = nullptr;
    void (*clear_at_end)(std::uint32_t* word) = nullptr;
    int last_thread_id = 1;
    unsigned asked_in_vain = 0;  // see wait.h
};

State& state();

// Objects of this layer come from the heap and are null when it is exhausted. Not `new`: that throws, and
// would bring the exception machinery into images that have no use for it.
template <typename T, typename... Arguments>
T* make(Arguments&&... arguments) {
    void* memory = std::malloc(sizeof(T));
    return memory == nullptr ? nullptr : ::new (memory) T(std::forward<Arguments>(arguments)...);
}

template <typename T>
void unmake(T* object) {
    object->~T();
    std::free(object);
}

// The part of the state at `slot`, made if need be; null when there is no memory for it.
template <typename T>
T* part(T* State::* slot) {
    T*& pointer = state().*slot;
    if (pointer == nullptr) [[unlikely]]
        pointer = make<T>();
    return pointer;
}

}  // namespace holm::posix

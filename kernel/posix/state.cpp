#include "kernel/posix/state.h"

#include "kernel/panic/panic.h"

namespace holm::posix {

State& state() {
    State*& state = this_core().posix;
    if (state == nullptr) [[unlikely]] {
        state = make<State>();
        if (state == nullptr) panic("no memory for the C library's state");
    }
    return *state;
}

}  // namespace holm::posix

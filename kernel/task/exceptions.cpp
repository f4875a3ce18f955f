// The only part of the kernel that is compiled with exceptions: it carries one from a task of the service to
// the task that awaits it. Linked only into images whose tasks let exceptions leave.

#include <exception>
#include <new>

#include "kernel/task/task.h"

namespace holm::detail {

static_assert(sizeof(std::exception_ptr) == sizeof(void*));

static std::exception_ptr& pointer_in(Failure& failure) {
    return *std::launder(reinterpret_cast<std::exception_ptr*>(&failure.exception));
}

void capture_exception(Failure& failure) noexcept {
    ::new (&failure.exception) std::exception_ptr(std::current_exception());
    failure.rethrow = [](Failure& self) { std::rethrow_exception(pointer_in(self)); };
    failure.drop = [](Failure& self) noexcept { pointer_in(self).~exception_ptr(); };
}

}  // namespace holm::detail

// In host tests a panic is an exception that the test can expect.

#include <stdexcept>
#include <string>

#include "kernel/panic/panic.h"

namespace holm {

void panic(const char* what, const char* detail) {
    throw std::runtime_error(std::string(what) + (detail ? std::string(": ") + detail : ""));
}

}  // namespace holm

#include "kernel/posix/console_file.h"

#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/platform/platform.h"

namespace holm::posix {

Outcome ConsoleFile::write(Bytes text) {
    this_core().console->flush();  // what the library OS has begun to say comes first
    this_core().platform->write_console(text);
    return static_cast<Outcome>(text.size());
}

void ConsoleFile::describe(struct stat& status) const {
    status.st_mode = S_IFCHR | 0620;
}

}  // namespace holm::posix

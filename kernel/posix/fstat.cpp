// Apart from stat.cpp, because stdio needs it and must not bring the file tree.

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {

SYSTEM_CALL(fstat, int descriptor, struct stat* status) {
    const FileReference file = find_file(descriptor);
    if (!file) return -EBADF;
    *status = {};
    file->describe(*status);
    return 0;
}

}  // namespace holm::posix

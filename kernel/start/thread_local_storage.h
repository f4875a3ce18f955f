#pragma once

namespace holm {

// Thread-local storage of the first thread and its descriptor of the C library's. It is not the library's own
// start of them, which would take memory from mmap, and with that the system calls for memory into every
// image.
void start_thread_local_storage();

}  // namespace holm

#pragma once

namespace holm::tender {

// --dump: goes on in a child process; the parent writes a core file to `path` if the image panics or crashes,
// while its memory is still there, or when it gets SIGUSR1, and ends as the child does. Returns in the child
// only. Without it nothing of this exists.
void dump_instance_at_end(const char* path);

}  // namespace holm::tender

#pragma once

namespace holm::cli {

// From here on this process can read what it has open, allocate memory, write to its standard output and
// error, and end; the kernel kills it for anything else. Fails when the kernel has no seccomp.
void enter_reader_sandbox();

}  // namespace holm::cli

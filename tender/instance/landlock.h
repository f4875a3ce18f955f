#pragma once

namespace holm::tender {

// A Landlock domain that denies every access to files, TCP ports, abstract sockets and processes outside.
// Kernels without Landlock: nothing happens, for the seccomp filter leaves no call that could reach any of
// these.
void deny_files_and_network();

}  // namespace holm::tender

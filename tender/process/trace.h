#pragma once

namespace holm::tender {

// --trace-syscalls: goes on in a child process and, in the parent, prints each system call that the image
// makes from its first instruction on, the forbidden one that ends it included. Returns in the child only;
// the parent ends as the child does.
void trace_instance();

}  // namespace holm::tender

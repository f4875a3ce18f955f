#pragma once

// --dump under QEMU: gdb reads the machine that stands still, and writes the core file.

#include <filesystem>
#include <string>

#include <sys/types.h>

#include "cli/debug/debugger.h"

namespace holm::cli {

// Where the QEMU of an instance that was started with --dump lets gdb in; `tender` is its holm-qemu.
std::string core_socket_of(pid_t tender);

class CoreByGdb {
  public:
    // Finds gdb and the symbols, and empties the file. Fails with one sentence.
    CoreByGdb(const std::filesystem::path& image, const char* file);
    ~CoreByGdb();
    CoreByGdb(const CoreByGdb&) = delete;
    CoreByGdb& operator=(const CoreByGdb&) = delete;

    // Where QEMU is to let it in.
    const std::string& socket() const { return socket_; }

    // Ends with a sentence on standard error, whether it went well or not.
    void write() const noexcept;

  private:
    DebugFiles files_;
    std::string file_, socket_;
};

}  // namespace holm::cli

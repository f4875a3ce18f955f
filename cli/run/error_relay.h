#pragma once

// Passes on what a tender says on its standard error, and keeps the end of it.

#include <string>
#include <thread>

#include "cli/process/child.h"

namespace holm::cli {

class ErrorRelay {
  public:
    ErrorRelay();
    ~ErrorRelay();
    ErrorRelay(const ErrorRelay&) = delete;
    ErrorRelay& operator=(const ErrorRelay&) = delete;

    // Becomes the tender's standard error.
    int write_end() const { return pipe_.write_end; }
    // The tender has been started.
    void close_write_end() { pipe_.close_write(); }

    // To be called when the tender has ended: waits until all of it has been passed on. Its last 16 KiB.
    const std::string& finish();

  private:
    void pass_on();

    Pipe pipe_;
    std::string last_;
    std::thread thread_;
};

}  // namespace holm::cli

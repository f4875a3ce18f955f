#pragma once

// Instances that the self-test starts: one run to its end, or one that waits while it is looked at.

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "cli/selftest/outcome.h"

namespace holm::cli {

// Starts `words[0]` and takes its output, at most 256 KiB of it; kills it when `patience` is over.
Ending run_to_ending(const std::vector<std::string>& words, std::chrono::seconds patience);

// A program that runs as long as this object lives.
class WaitingInstance {
  public:
    // Returns when it has printed `sign`; fails when it ends before, or `patience` is over.
    WaitingInstance(const std::vector<std::string>& words, std::string_view sign,
                    std::chrono::seconds patience);
    ~WaitingInstance();
    WaitingInstance(const WaitingInstance&) = delete;
    WaitingInstance& operator=(const WaitingInstance&) = delete;

    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

}  // namespace holm::cli

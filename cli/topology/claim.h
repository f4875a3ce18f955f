#pragma once

// That a topology's name is taken, by one process: a locked file in the instance folder. The lock ends with
// the process, however that ends, and its children do not have it.

#include <optional>
#include <string>

#include "cli/topology/namespaces.h"

namespace holm::cli {

class TopologyClaim {
  public:
    // Nothing while another process has the name. What a process that is gone has left under it (record,
    // socket) is the taker's.
    static std::optional<TopologyClaim> take(const std::string& name);
    TopologyClaim(TopologyClaim&& other) noexcept = default;
    ~TopologyClaim() { release(); }

    // Removes the topology's files and gives the name back; once.
    void release();

  private:
    TopologyClaim(std::string name, Descriptor file) : name_(std::move(name)), file_(std::move(file)) {}

    std::string name_;
    Descriptor file_;
};

}  // namespace holm::cli

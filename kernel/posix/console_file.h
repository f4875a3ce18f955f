#pragma once

#include "kernel/posix/open_file.h"

namespace holm::posix {

// The instance's console as a file: what is written goes out at once, and there is nothing to read.
class ConsoleFile final : public OpenFile {
  public:
    ConsoleFile() : OpenFile(O_RDWR) {}
    Outcome read(MutableBytes) override { return 0; }
    Outcome write(Bytes text) override;
    void describe(struct stat& status) const override;
};

}  // namespace holm::posix

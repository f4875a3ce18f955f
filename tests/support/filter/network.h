#pragma once

// A network namespace with two taps and Linux forwarding between them. What is written to a tap has gone all
// of its way through the kernel when write() returns.

#include <optional>
#include <string>
#include <vector>

#include "tests/support/packets.h"

namespace holm::test {

class TapNetwork {
  public:
    // The process moves into a namespace of its own. False: it may not.
    bool create();
    // Loads rules in place of those that are there, and forgets all flows. False: nft refuses them.
    bool load(const std::string& rules, std::string& error);
    // Packets and bytes of each counter, in the order of nft's listing.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> counters();

    void write(std::size_t tap, const Octets& octets);
    // What has come out of a tap and is not the kernel's own talk; nothing if that is all.
    std::optional<Octets> read(std::size_t tap);

  private:
    bool run(const std::string& command);
    int taps_[2] = {-1, -1};
};

}  // namespace holm::test

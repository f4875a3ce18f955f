#pragma once

// Queries about zones, from a seed: every name with every type first, then at random, with names that are
// nearly there, every way to write EDNS, and letters of any case.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "services/dns/master/reader.h"

namespace holm::dns_compare {

class Queries {
  public:
    Queries(const std::vector<std::vector<dns::Record>>& zones, const std::vector<dns::WireName>& origins,
            std::uint64_t seed);

    // The next one, without its id (two zero bytes).
    std::string next();
    // How many of them go through all names and types.
    std::size_t systematic() const { return names_.size() * types_.size() * 2; }

  private:
    std::string build(dns::WireName name, std::uint16_t type, unsigned edns, bool dnssec);
    dns::WireName random_name();
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }

    std::vector<dns::WireName> names_;
    std::vector<std::uint16_t> types_;
    std::mt19937_64 random_;
    std::size_t next_ = 0;
};

}  // namespace holm::dns_compare

#pragma once

// In what two answers to a question differ, and whether that is as it may be (docs/dns.md has the list).

#include <string>

#include "tests/interop/dns/message.h"

namespace holm::dns_compare {

struct Difference {
    std::string what;  // empty: none
    bool is_explained = false;
};

Difference find_difference(const Message& query, const Message& ours, const Message& theirs);

}  // namespace holm::dns_compare

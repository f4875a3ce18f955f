#pragma once

// A DNS message taken apart so that two servers' answers can be compared: names in full and in lower case,
// records of a section in an order of their own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace holm::dns_compare {

struct Message {
    std::uint16_t flags = 0;
    unsigned code = 0;  // with the upper bits of EDNS
    std::size_t size = 0;
    bool has_edns = false;
    std::uint16_t udp_size = 0;
    bool dnssec = false;
    std::string question;
    std::uint16_t type = 0;                // of the question
    std::vector<std::string> sections[3];  // one line a record; sorted; without OPT
};

// Nothing if it cannot be understood: then the server that sent it is wrong.
std::optional<Message> parse(Bytes message);

std::string to_text(const Message& message);

}  // namespace holm::dns_compare

#pragma once

// Words that stand for numbers in the data of records.

#include <cstdint>
#include <span>
#include <string_view>

namespace holm::dns {

struct Mnemonic {
    std::string_view name;
    std::uint32_t number;
};

// IANA, "DNS Security Algorithm Numbers".
std::span<const Mnemonic> algorithm_mnemonics();
// RFC 4398, section 2.1.
std::span<const Mnemonic> certificate_mnemonics();
// Of IP, those that WKS records name (RFC 1010).
std::span<const Mnemonic> protocol_mnemonics();
// Ports (RFC 1010, "Assigned Ports").
std::span<const Mnemonic> port_mnemonics();

}  // namespace holm::dns

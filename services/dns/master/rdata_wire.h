#pragma once

// The data of a record on the wire, without compression.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace holm::dns {

// A name in a record's data.
struct NameInData {
    std::size_t offset = 0;
    std::size_t size = 0;
    bool compressible = false;
};

// The names in the data of a record. Nothing if the data is not what the type's consists of; data of types
// that are not known has no names that we could find.
std::optional<std::vector<NameInData>> names_in(std::uint16_t type, std::string_view data);

}  // namespace holm::dns

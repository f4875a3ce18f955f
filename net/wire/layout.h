#pragma once

// How bytes become a wire structure and back. A wire structure consists of NetworkOrder integers and byte
// arrays, so it has no padding and no alignment; copying it out is as cheap as reading the fields where they
// lie.

#include <cstring>
#include <type_traits>

#include "base/bytes.h"

namespace holm::net::wire {

// Precondition: bytes.size() >= sizeof(T).
template <typename T>
    requires(std::is_trivially_copyable_v<T> && alignof(T) == 1)
T load(Bytes bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

// Precondition: bytes.size() >= sizeof(T).
template <typename T>
    requires(std::is_trivially_copyable_v<T> && alignof(T) == 1)
void store(MutableBytes bytes, const T& value) {
    std::memcpy(bytes.data(), &value, sizeof(T));
}

}  // namespace holm::net::wire

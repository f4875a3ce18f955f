#include "services/dns/opt_record.h"

#include <algorithm>

namespace holm::dns {

void OptRecord::add(std::uint16_t option, Bytes data) {
    const MutableBytes record(bytes_);
    net::wire::store(record.subspan(size_), NetU16(option));
    net::wire::store(record.subspan(size_ + 2), NetU16(static_cast<std::uint16_t>(data.size())));
    std::ranges::copy(data, record.begin() + static_cast<std::ptrdiff_t>(size_ + kOptionHead));
    size_ += kOptionHead + data.size();
    net::wire::store(record.subspan(kHead - 2), NetU16(static_cast<std::uint16_t>(size_ - kHead)));
}

void OptRecord::add_number(std::uint16_t option, std::uint16_t number) {
    const NetU16 wire(number);
    add(option, std::as_bytes(std::span(&wire, 1)));
}

}  // namespace holm::dns

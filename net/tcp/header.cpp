#include "net/tcp/header.h"

#include <cstring>

namespace holm::net::tcp {

MutableBytes HeaderBuffer::fill(const HeaderFields& fields, const Options& options) {
    const std::size_t option_bytes =
        emit_options(options, std::span(bytes_).subspan<sizeof(wire::TcpHeader), wire::kTcpMaxOptions>());
    const std::size_t length = sizeof(wire::TcpHeader) + option_bytes;
    const bool ack = (fields.flags & wire::kTcpAck) != 0;
    const wire::TcpHeader header{
        .source_port = fields.tuple.local.port,
        .destination_port = fields.tuple.remote.port,
        .sequence = fields.sequence.value(),
        .acknowledgment = ack ? fields.acknowledgment.value() : 0,
        .data_offset = std::uint8_t(length / 4 << 4U),
        .flags = fields.flags,
        .window = fields.window,
        .checksum = std::uint16_t{0},
        .urgent_pointer = std::uint16_t{0},
    };
    std::memcpy(bytes_.data(), &header, sizeof header);
    return {bytes_.data(), length};
}

}  // namespace holm::net::tcp

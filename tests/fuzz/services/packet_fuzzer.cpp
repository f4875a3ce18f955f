// A hostile frame: what is accepted can be rewritten in every way, and checksums that were right stay right.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/checksum.h"
#include "services/packet/packet.h"

using namespace holm;

namespace {

void rewrite(packet::Packet& packet) {
    const auto source = packet.source();
    packet.set_source(packet.destination());
    packet.set_destination(source);
    if (packet.has_ports()) {
        packet.set_source_port(std::uint16_t(packet.destination_port() ^ 0x5555));
        packet.set_destination_port(0);
    } else if (packet.has_transport()) {
        // Not zero: of a message of nothing but zeros no sum tells a right checksum from a wrong one.
        packet.set_icmp_identifier(std::uint16_t((packet.icmp_identifier() + 1) | 1));
    }
}

}  // namespace

// The first byte chooses the offloads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    std::vector<std::byte> frame(reinterpret_cast<const std::byte*>(data + 1),
                                 reinterpret_cast<const std::byte*>(data + size));
    net::Offload offload;
    offload.checksum_valid = (data[0] & 2) != 0;
    if ((data[0] & 1) != 0 && frame.size() > 60) {
        offload.needs_checksum = true;
        offload.checksum_start = 34;
        offload.checksum_offset = 16;
    }
    auto packet = packet::Packet::parse(frame, offload);
    if (!packet) return 0;
    const bool right = !packet->is_fragment() && packet->transport_checksum_ok();
    if (auto quoted = packet->quoted()) rewrite(*quoted);
    rewrite(*packet);
    if (packet->hop_limit() > 0) packet->decrement_hop_limit();
    if (packet->is_v4() &&
        !InternetChecksum{}
             .add(packet->network().first(packet->transport_offset() - packet->network_offset()))
             .is_correct())
        std::abort();
    if (right && !packet->transport_checksum_ok()) std::abort();
    const auto again = packet::Packet::parse(frame, offload);
    if (!again || again->transport_offset() != packet->transport_offset()) std::abort();
    return 0;
}

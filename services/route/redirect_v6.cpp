// "That neighbour is nearer" (RFC 4861, sections 4.5 and 8.2).

#include <algorithm>
#include <array>

#include "net/wire/ndp.h"
#include "services/route/router.h"

namespace holm::route {

void Router::redirect_v6(const Errand& errand, const packet::Packet& packet, const route::Way& way) {
    const net::IpAddress destination = packet.destination();
    // Routers are named by their link-local addresses; others are the destination itself.
    if (!way.next_hop.is_link_local() && way.next_hop != destination) return;
    // The longest that fits the least MTU (section 4.5), with as much of the packet as there is room for.
    std::array<std::byte, 1280 - 40> bytes;
    const net::wire::Redirect redirect{way.next_hop.without_zone(), destination, std::nullopt};
    const std::size_t size = redirect.emit(bytes, packet.network());
    ports_[errand.in].interface->send_ndp_message(errand.now, packet.source(),
                                                  MutableBytes(bytes).first(size));
}

}  // namespace holm::route

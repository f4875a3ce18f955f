#pragma once

// Ways that have been looked up: of packets from one address to another that came in by one interface, and
// whose source was found sound. One place for each, so that a flood of addresses costs a comparison more than
// without, and nothing has to be thrown away in order.

#include <array>
#include <bit>
#include <cstdint>

#include "net/address.h"
#include "services/route/routes.h"

namespace holm::route {

class WayCache {
  public:
    static constexpr std::size_t kPlaces = 64;

    // Null: to be looked up.
    const Way* find(std::uint8_t in, const net::IpAddress& source, const net::IpAddress& destination) const {
        const Place& place = places_[index(source, destination)];
        const bool known = place.epoch == epoch_ && place.in == in && place.source == source &&
                           place.destination == destination;
        return known ? &place.way : nullptr;
    }
    void remember(std::uint8_t in, const net::IpAddress& source, const net::IpAddress& destination,
                  const Way& way) {
        places_[index(source, destination)] = {source, destination, way, epoch_, in};
    }
    // Routes or interfaces are others now. 64 bits do not come round.
    void forget() { ++epoch_; }

  private:
    struct Place {
        net::IpAddress source, destination;
        Way way;
        std::uint64_t epoch = 0;
        std::uint8_t in = 0;
    };

    static std::size_t index(const net::IpAddress& source, const net::IpAddress& destination) {
        using Words = std::array<std::uint64_t, 2>;
        const auto from = std::bit_cast<Words>(source.bytes()),
                   to = std::bit_cast<Words>(destination.bytes());
        const std::uint64_t mixed = (from[0] + std::rotl(to[0], 32)) * 0x9e37'79b9'7f4a'7c15U +
                                    (from[1] ^ std::rotl(to[1], 17)) * 0xc2b2'ae3d'27d4'eb4fU;
        return std::size_t((mixed ^ mixed >> 29U) * 0x1656'67b1'9e37'79f9U >> 58U);
    }

    std::array<Place, kPlaces> places_{};
    std::uint64_t epoch_ = 1;
};
static_assert(WayCache::kPlaces == 1 << 6);

}  // namespace holm::route

#pragma once

// Fragments are put together before they are looked at: only the first one says which ports it is about, and
// the others could be anything. Bounds are the reassembler's (net/ip/reassembly.h).

#include <array>
#include <memory>

#include "net/ip/reassembly.h"
#include "services/packet/packet.h"

namespace holm::filter {

class Defragmenter {
  public:
    Defragmenter();

    enum class Result : std::uint8_t {
        kWaiting,  // taken in, or refused: nothing to go on with
        kWhole,    // `packet` is the datagram now, in memory that lasts until the next call
    };
    // Precondition: packet.is_fragment().
    Result add(Instant now, packet::Packet& packet);
    void expire(Instant now);
    Instant next_deadline() const { return reassembler_.next_deadline(); }
    const net::Counters& counters() const { return counters_; }

  private:
    bool add_v4(Instant now, const packet::Packet& packet);
    bool add_v6(Instant now, const packet::Packet& packet);
    void take(const packet::Packet& packet, net::ip::Reassembler::Datagram& datagram);

    static constexpr std::size_t kRoom = packet::Packet::kEthernetHeader + 65'535 + 60;

    net::Counters counters_;
    net::ip::Reassembler reassembler_;
    std::unique_ptr<std::byte[]> frame_;
    std::size_t size_ = 0;
    std::uint16_t longest_ = 0;  // fragment of what was taken last
};

}  // namespace holm::filter

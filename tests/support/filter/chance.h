#pragma once

// Translations choose ports by chance where those that senders use are taken. What is chosen for one sender
// may be what another one uses, then or later: then that one's port is changed too, on this side and not on
// the other. Whether that has happened says whether two sides may have parted by chance.

#include <map>
#include <set>
#include <tuple>

#include "services/packet/packet.h"
#include "tests/support/packets.h"

namespace holm::test {

class ChosenPorts {
  public:
    // A packet as it came and as it left.
    void note(const Octets& in, const Octets& out);
    // Some port was chosen for a sender, and another sender had it too, or would have had it.
    bool met() const { return met_; }

  private:
    struct Users {
        std::set<std::pair<net::IpAddress, std::uint16_t>> senders;  // addresses and ports before translation
        bool chosen = false;                                         // one of them did not ask for it
    };
    using Outside = std::tuple<std::uint8_t, net::IpAddress, std::uint16_t>;  // protocol, address, port

    void use(const Outside& outside, const std::pair<net::IpAddress, std::uint16_t>& sender, bool chosen);

    std::map<Outside, Users> users_;
    bool met_ = false;
};

}  // namespace holm::test

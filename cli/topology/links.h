#pragma once

// The networks of a topology, made: namespaces, bridges, taps and what leads to the clients.
//
// All but the clients live in one namespace, the hub, with a bridge a network; a VLAN has the bridge of its
// trunk. A network between one device
// and one client has no bridge: its tap lies in the client's own namespace.

#include <map>
#include <string>
#include <vector>

#include "cli/compose/description.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {

class Links {
  public:
    // Fails when this machine refuses; what was made by then is gone.
    explicit Links(const Compose& compose);

    const ComposeNetwork& network(const std::string& name) const { return *compose_.network(name); }
    // The tap of a service's device; stays open, so that a new instance finds the same network.
    int tap(const std::string& service, const std::string& device) const;
    const Descriptor& client(const std::string& name) const;
    // Where a service on this network can be reached from.
    const Descriptor& vantage(const std::string& network) const;

  private:
    struct Direct {
        std::size_t client = 0;  // in Compose::clients
    };
    void find_direct_networks();
    void make_taps();
    void make_hub();
    void make_client(std::size_t index);
    std::string interface_name(const std::string& network) const;
    std::string wire_name(const std::string& network) const;
    std::string cable_end(const std::string& network) const;
    std::string host_script(const ComposeNetwork& network) const;
    bool is_asked(const ComposeNetwork& network) const;
    std::size_t index_of(const std::string& network) const;

    const Compose& compose_;
    Descriptor hub_;
    std::vector<Descriptor> clients_;       // as Compose::clients
    std::map<std::string, Direct> direct_;  // by network
    std::map<std::pair<std::string, std::string>, Descriptor> taps_;
};

}  // namespace holm::cli

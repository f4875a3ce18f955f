#pragma once

// What a compose file says: images, the networks between them, and the namespaces one looks at them from.
// Names follow docker-compose where they fit.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/run/port_forward.h"
#include "cli/settings/mistake.h"
#include "cli/settings/notation.h"
#include "cli/text/values.h"

namespace holm::cli {

// [networks.NAME]: one Ethernet segment.
struct ComposeNetwork {
    std::string name;
    std::optional<Ipv4Network> subnet;   // its address is the network's
    std::optional<Ipv6Network> subnet6;  // the same
    // This machine's own addresses on it, for readiness checks; the highest of the subnets that are free.
    std::optional<Ipv4> host;
    std::optional<Ipv6> host6;
    // A VLAN of another network, by its number (802.1Q); 0: a segment of its own.
    std::uint16_t vlan = 0;
    std::string trunk;  // that network; an element of Compose::networks with vlan 0
    Position where;
};

// How a service's device, or a client, is on a network. What is not said here stays with the image's own
// configuration (DHCP, SLAAC).
struct Attachment {
    std::string device;   // of a service; "" for a client
    std::string network;  // an element of Compose::networks
    std::optional<Ipv4Network> address;
    std::optional<Ipv6Network> address6;
    std::optional<Ipv4> gateway;
    std::optional<Ipv6> gateway6;
    std::vector<std::string> dns;  // addresses of either family
    Position where;
};

enum class Restart { kNo, kOnFailure, kAlways, kUnlessStopped };

// When a service counts as ready; without one, when it runs and goes on doing so for a moment (kAlive).
struct HealthCheck {
    enum class Kind { kTcp, kHttp, kDns, kLog, kAlive };
    Kind kind = Kind::kTcp;
    std::uint16_t port = 0;
    std::string text;  // path of kHttp, name of kDns, what stands on the console for kLog
    std::chrono::milliseconds timeout{30'000};

    bool needs_address() const { return kind == Kind::kTcp || kind == Kind::kHttp || kind == Kind::kDns; }
};

// What has to be so with another service before one starts.
struct Dependency {
    enum class Condition {
        kStarted,    // it runs, or has run
        kReady,      // the same, and its healthcheck holds if it has one, or it has ended well for good
        kHealthy,    // the same, and it has a healthcheck
        kCompleted,  // it has ended well for good
    };
    std::string service;
    Condition condition = Condition::kReady;
    Position where;
};

struct ComposeBlock {
    std::string device;
    std::string file;  // with ",ro" and so on behind it, as --block takes it
    Position where;
};

// [services.NAME]: one instance.
struct ComposeService {
    std::string name;
    std::string image;
    std::string tender = "process";
    std::string memory;  // "": the image's own
    std::vector<std::string> command;
    std::vector<std::string> environment;  // NAME=value
    std::vector<Attachment> networks;
    std::vector<ComposeBlock> blocks;
    std::vector<std::string> ports;  // as -p takes them; checked
    std::vector<unsigned> cpus;      // host cores it may run on; empty: all
    Restart restart = Restart::kNo;
    std::uint32_t restart_limit = 0;  // of kOnFailure; 0: none
    std::vector<Dependency> depends_on;
    std::optional<HealthCheck> health;
    std::chrono::milliseconds grace{5'000};
    Position where;
    Position image_where;
};

// [clients.NAME]: a network namespace of this machine, to use the topology from.
struct ComposeClient {
    std::string name;
    std::vector<Attachment> networks;
    Position where;
};

struct Compose {
    std::string name;  // of the project
    std::vector<ComposeNetwork> networks;
    std::vector<ComposeService> services;  // in the order they start in
    std::vector<ComposeClient> clients;
    Notation notation = Notation::kToml;  // of its file; what messages suggest is written in it

    const ComposeNetwork* network(std::string_view wanted) const {
        for (const ComposeNetwork& one : networks) {
            if (one.name == wanted) return &one;
        }
        return nullptr;
    }
};

}  // namespace holm::cli

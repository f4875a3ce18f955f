#pragma once

// Networking: Machine::net() and the sockets it opens: TcpListener, TcpStream, UdpSocket. Addresses and
// endpoints are holm::net::IpAddress and holm::net::Endpoint.

#include "kernel/network/network.h"  // IWYU pragma: export
#include "kernel/start/machine.h"    // IWYU pragma: export
#include "net/address.h"             // IWYU pragma: export

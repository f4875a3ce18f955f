#include "kernel/network/network.h"

#include <new>

#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/network/devices.h"
#include "kernel/panic/panic.h"

namespace holm {

Network* Network::create(Core& core) {
    net::Stack::Configuration configuration;
    core.random->fill(configuration.secret);
    auto* network = new (std::nothrow) Network(configuration);
    if (network) network->attach(core);
    return network;
}

void Network::attach(Core& core) {
    const holm_boot_info& boot = *core.boot;
    const Instant now = core.executor->now();
    for (std::uint32_t i = 0; i < boot.device_count && port_count_ < ports_.size(); ++i) {
        const holm_boot_device& device = boot.devices[i];
        if (device.kind != HOLM_DEVICE_NET || device.transport == HOLM_TRANSPORT_NONE) continue;
        auto driver = make_net_driver(boot, device);
        if (!driver) continue;
        std::unique_ptr<Port> port(new (std::nothrow) Port(stack_, std::move(driver), device.name));
        if (!port) continue;

        const NetAddresses addresses = choose_addresses(device);
        const auto interface = stack_.add_interface(now, port->driver(), addresses.interface);
        if (!interface) {
            core.console->print("holm: network device '", device.name, "': ", interface.error().what, "\n");
            continue;
        }
        port->set_interface(**interface);
        if (!addresses.dns[0].is_unspecified()) dns_ = addresses.dns;
        if (addresses.dhcp && !stack_.start_dhcp(now, **interface))
            core.console->print("holm: network device '", device.name, "': no memory for DHCP\n");
        core.executor->add(*port);
        ports_[port_count_++] = std::move(port);
    }
    stack_.set_address_observer(this);
    notify();
    core.executor->add(*this);  // behind the ports: what they received is answered in the same round
}

void Network::transmit(Instant now) {
    stack_.transmit(now);
    for (const auto& port : ports()) port->driver().publish();
}

void Network::notify() {
    for (const auto& port : ports())
        if (port->interface().address().is_unspecified()) return;
    configured_.set();
}

std::array<net::IpAddress, 2> Network::dns() const {
    if (!dns_[0].is_unspecified()) return dns_;
    for (const auto& port : ports())
        if (const auto* lease = stack_.lease(port->interface())) return lease->dns;
    return dns_;
}

Result<TcpListener> Network::listen(std::uint16_t port, std::uint16_t backlog) {
    return listen(net::Endpoint{net::IpAddress::any_v4(), port}, backlog);
}

Result<TcpListener> Network::listen(const net::Endpoint& local, std::uint16_t backlog) {
    return TcpListener::create(TRY(stack_.tcp().listen(local, backlog)));
}

Task<Result<TcpStream>> Network::connect(net::Endpoint remote, Instant deadline) {
    auto connection = CO_TRY(stack_.tcp().connect(executor().now(), remote));
    auto stream = CO_TRY(TcpStream::create(std::move(connection)));
    CO_TRY(co_await stream.connected(deadline));
    co_return stream;
}

Result<UdpSocket> Network::open_udp(std::uint16_t port) {
    return open_udp(net::Endpoint{net::IpAddress::any_v4(), port});
}

Result<UdpSocket> Network::open_udp(const net::Endpoint& local) {
    auto socket = TRY(stack_.udp().open());
    TRY(socket->bind(local));
    return UdpSocket::create(std::move(socket));
}

Network& network() {
    Core& core = this_core();
    if (!core.network) core.network = Network::create(core);
    if (!core.network) panic("no memory for the network stack");
    return *core.network;
}

}  // namespace holm

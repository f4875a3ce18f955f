#include "kernel/network/network.h"

#include <algorithm>
#include <new>

#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/network/connect_by_name.h"
#include "kernel/network/devices.h"
#include "kernel/panic/panic.h"
#include "kernel/task/deadline.h"
#include "net/address_text.h"

namespace holm {

namespace {

// Half of the heap may go into connections, but the usual number is always allowed: the memory that is not
// there is refused when it is asked for.
std::uint32_t connections_for(std::uint64_t heap_size) {
    constexpr std::uint64_t kConnection = 1280;  // bytes, with its loss recovery, as the heap rounds them
    constexpr std::uint64_t kUsual = net::tcp::Configuration().max_connections;
    return std::uint32_t(std::clamp<std::uint64_t>(heap_size / 2 / kConnection, kUsual, 10'000'000));
}

}  // namespace

Network* Network::create(Core& core) {
    net::Stack::Configuration configuration;
    core.random->fill(configuration.secret);
    configuration.tcp.max_connections = connections_for(core.boot->heap_size);
    SipHashKey key;
    core.random->fill(std::as_writable_bytes(std::span(&key, 1)));
    auto* network = new (std::nothrow) Network(configuration, key);
    if (!network) return nullptr;
    network->attach(core);
    core.farewell = [](Core& ending) { ending.network->leave(*ending.executor); };
    return network;
}

void Network::leave(Executor& executor) {
    Instant now = executor.now();
    const Instant end = now + kFarewell;
    stack_.leave(now);
    // A server whose MAC address has been forgotten is asked for it; one that does not answer is not waited
    // for.
    for (;; now = executor.now()) {
        transmit(now);
        for (const auto& port : ports()) port->transmit(now);
        if (!stack_.has_waiting() || now >= end) return;
        for (const auto& port : ports()) port->receive(now);
    }
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
        const auto interface = add_interface(now, *port, addresses);
        if (!interface) {
            core.console->print("holm: network device '", device.name, "': ", interface.error().what, "\n");
            // The stack knows a trunk by then, and its device stays.
            if (port->has_interface()) ports_[port_count_++] = std::move(port);
            continue;
        }
        if (!addresses.dns[0].is_unspecified()) dns_ = addresses.dns;
        start_ipv6(core, addresses, device, **interface);
        if (addresses.dhcp && !stack_.start_dhcp(now, **interface))
            core.console->print("holm: network device '", device.name, "': no memory for DHCP\n");
        core.executor->add(*port);
        ports_[port_count_++] = std::move(port);
    }
    stack_.set_address_observer(this);
    notify();
    core.executor->add(*this);  // behind the ports: what they received is answered in the same round
}

// The interface that has the addresses. Of a VLAN's trunk nothing is heard but that VLAN.
Result<net::Interface*> Network::add_interface(Instant now, Port& port, const NetAddresses& addresses) {
    net::InterfaceConfiguration configuration = addresses.interface;
    if (addresses.vlan != 0) configuration = {.mac = configuration.mac};
    net::Interface* const trunk = TRY(stack_.add_interface(now, port.driver(), configuration));
    port.set_interface(*trunk, *trunk);
    if (addresses.vlan == 0) return trunk;
    trunk->set_tagged_only();
    net::Interface* const vlan = TRY(stack_.add_vlan(now, *trunk, addresses.vlan, addresses.interface));
    port.set_interface(*trunk, *vlan);
    return vlan;
}

void Network::transmit(Instant now) {
    stack_.transmit(now);
    for (const auto& port : ports()) port->driver().publish();
}

void Network::start_ipv6(Core& core, const NetAddresses& addresses, const holm_boot_device& device,
                         net::Interface& interface) {
    if (!addresses.has_ipv6) return;
    net::Ipv6Configuration configuration = addresses.ipv6;
    // Without a secret of the host's the addresses are new at each start.
    if (configuration.secret.low == 0 && configuration.secret.high == 0)
        core.random->fill(std::as_writable_bytes(std::span(&configuration.secret, 1)));
    const auto started = stack_.start_ipv6(core.executor->now(), interface, configuration);
    // A link too narrow for IPv6 is no mistake where nobody has asked for an address.
    if (!started && !configuration.autoconfigure)
        core.console->print("holm: network device '", device.name, "': ", started.error().what, "\n");
}

namespace {

bool has_address(const net::Interface& interface) {
    if (!interface.address().is_unspecified()) return true;
    for (const net::ndp::Address& own : interface.ipv6().addresses())
        if (own.usable() && !own.address.is_link_local()) return true;
    return false;
}

}  // namespace

void Network::notify() {
    for (const auto& port : ports())
        if (!has_address(port->interface())) return;
    configured_.set();
}

std::array<net::IpAddress, 4> Network::dns() const {
    if (!dns_[0].is_unspecified()) return dns_;
    std::array<net::IpAddress, 4> found{};
    std::size_t count = 0;
    const auto add = [&](const net::IpAddress& server) {
        if (!server.is_unspecified() && count < found.size()) found[count++] = server;
    };
    for (const auto& port : ports()) {
        for (const net::ndp::DnsServer& server : port->interface().ipv6().routers().dns())
            add(server.address);
        for (const net::IpAddress& server : stack_.dhcp_v6_dns(port->interface())) add(server);
        if (const auto* lease = stack_.lease(port->interface()))
            for (const net::IpAddress& server : lease->dns) add(server);
    }
    return found;
}

Result<TcpListener> Network::listen(std::uint16_t port, std::uint16_t backlog) {
    return listen(net::Endpoint{{}, port}, backlog);
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

Resolver& Network::resolver() {
    Resolver::Configuration configuration = resolver_.configuration();
    configuration.servers = dns();
    if (configuration.search_from_network) {
        configuration.search = {};
        for (const auto& port : ports()) {
            const net::resolve::SearchList found = stack_.search_list(port->interface());
            for (std::size_t i = 0; i < found.count; ++i)
                configuration.search.add_encoded(found.domains[i].wire());
        }
    }
    resolver_.configure(configuration);
    return resolver_;
}

Task<Result<ResolvedAddresses>> Network::resolve(std::string_view name) {
    if (!net::parse_address(name)) co_await configured_.wait();
    co_return co_await resolver().resolve(name);
}

Task<Result<TcpStream>> Network::connect(std::string_view host, std::uint16_t port, Instant deadline) {
    const auto wait = [](Event& event) -> Task<> { co_await event.wait(); };
    if (!configured_.is_set()) CO_TRY(co_await with_deadline(deadline, wait(configured_)));
    co_return co_await connect_by_name(stack_, resolver(), host, port, deadline);
}

Result<UdpSocket> Network::open_udp(std::uint16_t port) {
    return open_udp(net::Endpoint{{}, port});
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

// An authoritative name server: the zones that dns.toml lists, compiled into the image.

#include <holm/dns.h>
#include <holm/main.h>
#include <holm/net.h>

holm::Task<> holm::main(holm::Machine& machine) {
    dns::NameServer server;
    machine.console().print("dns: listening on port 53, UDP and TCP\n");
    const auto served = co_await server.serve(machine.net(), "/zones");
    machine.set_exit_status(served ? 0 : 1);
}

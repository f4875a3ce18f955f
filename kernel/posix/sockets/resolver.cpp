// Which DNS servers getaddrinfo asks: those of the network interface, as the operator, the image or DHCP
// named them. This takes the place of musl's function that reads /etc/resolv.conf.

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <errno.h>
#include <sys/socket.h>

#include "kernel/network/network.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"

namespace holm::posix {
namespace {

// musl 1.2.3, src/network/lookup.h.
struct MuslAddress {
    int family;
    unsigned scope;
    std::uint8_t bytes[16];  // network order
    int sort_key;
};
struct MuslResolverConfiguration {
    MuslAddress servers[3];
    unsigned server_count;
    unsigned attempts;
    unsigned dots;     // a name with fewer is looked up in the search domains first
    unsigned timeout;  // seconds
};

// A program may ask for names before DHCP has answered.
void await_addresses() {
    const Instant deadline = executor().now() + Duration::seconds(5);
    while (!network().configured().is_set() && executor().now() < deadline) {
        blocking_fiber("getaddrinfo");
        Fiber::suspend(executor().now() + Duration::milliseconds(10));
    }
}

}  // namespace

extern "C" [[gnu::visibility("hidden")]] int __get_resolv_conf(MuslResolverConfiguration* configuration,
                                                               char* search, std::size_t) {
    *configuration = {.server_count = 0, .attempts = 2, .dots = 1, .timeout = 5};
    if (search != nullptr) *search = '\0';
    await_addresses();
    for (const net::IpAddress& address : network().dns()) {
        if (address.is_unspecified() || configuration->server_count == std::size(configuration->servers))
            continue;
        MuslAddress& server = configuration->servers[configuration->server_count++];
        server = {.family = address.is_v4() ? AF_INET : AF_INET6, .scope = address.zone()};
        if (address.is_v4())
            std::copy_n(address.bytes().end() - 4, 4, server.bytes);
        else
            std::copy(address.bytes().begin(), address.bytes().end(), server.bytes);
    }
    if (configuration->server_count > 0) return 0;
    errno = ENETUNREACH;
    return -1;
}

}  // namespace holm::posix

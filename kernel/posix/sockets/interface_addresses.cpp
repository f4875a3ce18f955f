// The addresses of all interfaces: getifaddrs(). It takes the place of musl's, which asks a netlink socket.

#include <algorithm>
#include <memory>
#include <new>

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <string.h>

#include "kernel/network/network.h"
#include "kernel/posix/sockets/interface_names.h"

namespace holm::posix {
namespace {

union Address {
    sockaddr any;
    sockaddr_in four;
    sockaddr_in6 six;
    sockaddr_ll link;
};

struct Entry {
    ifaddrs shown;
    Address address, mask, broadcast;
    char name[IF_NAMESIZE];
};

void set_mask(std::uint8_t* bytes, std::size_t size, unsigned prefix) {
    for (std::size_t i = 0; i < size; ++i) {
        const unsigned bits = std::min(prefix, 8U);
        bytes[i] = static_cast<std::uint8_t>(0xff00U >> bits);
        prefix -= bits;
    }
}

// A list in one piece of memory, an entry at a time.
class List {
  public:
    explicit List(std::size_t count) : entries_(new(std::nothrow) Entry[count]()) {}
    bool has_memory() const { return entries_ != nullptr; }
    ifaddrs* take() { return &entries_.release()->shown; }

    void add_link(const net::Interface& interface) {
        Entry& entry = add(interface);
        entry.address.link.sll_family = AF_PACKET;
        entry.address.link.sll_ifindex = interface.zone();
        entry.address.link.sll_hatype = interface.is_loopback() ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
        entry.address.link.sll_halen = sizeof(interface.mac().bytes);
        memcpy(entry.address.link.sll_addr, interface.mac().bytes.data(), sizeof(interface.mac().bytes));
    }
    void add_v4(const net::Interface& interface, const net::IpAddress& address) {
        Entry& entry = add(interface);
        const unsigned prefix = interface.prefix_length();
        entry.address.four.sin_family = entry.mask.four.sin_family = AF_INET;
        entry.address.four.sin_addr.s_addr = htonl(address.to_v4());
        set_mask(reinterpret_cast<std::uint8_t*>(&entry.mask.four.sin_addr), 4, prefix);
        entry.shown.ifa_netmask = &entry.mask.any;
        if (interface.is_loopback() || prefix > 30) return;
        entry.broadcast.four = entry.address.four;
        entry.broadcast.four.sin_addr.s_addr |= ~entry.mask.four.sin_addr.s_addr;
        entry.shown.ifa_broadaddr = &entry.broadcast.any;
    }
    void add_v6(const net::Interface& interface, const net::IpAddress& address, unsigned prefix) {
        Entry& entry = add(interface);
        entry.address.six.sin6_family = entry.mask.six.sin6_family = AF_INET6;
        memcpy(&entry.address.six.sin6_addr, address.bytes().data(), 16);
        if (address.is_link_local()) entry.address.six.sin6_scope_id = interface.zone();
        set_mask(entry.mask.six.sin6_addr.s6_addr, 16, prefix);
        entry.shown.ifa_netmask = &entry.mask.any;
    }

  private:
    Entry& add(const net::Interface& interface) {
        Entry& entry = entries_[count_];
        if (count_ > 0) entries_[count_ - 1].shown.ifa_next = &entry.shown;
        ++count_;
        const std::string_view name = name_of_zone(interface.zone());
        std::copy_n(name.begin(), std::min<std::size_t>(name.size(), IF_NAMESIZE - 1), entry.name);
        entry.shown.ifa_name = entry.name;
        entry.shown.ifa_flags = IFF_UP | IFF_MULTICAST;
        entry.shown.ifa_flags |= interface.is_loopback() ? unsigned{IFF_LOOPBACK} : unsigned{IFF_BROADCAST};
        if (!interface.gone()) entry.shown.ifa_flags |= IFF_RUNNING;
        entry.shown.ifa_addr = &entry.address.any;
        return entry;
    }

    std::unique_ptr<Entry[]> entries_;
    std::size_t count_ = 0;
};

}  // namespace

extern "C" int getifaddrs(ifaddrs** result) {
    const auto interfaces = network().stack().interfaces();
    std::size_t most = 0;
    for (const net::Interface* interface : interfaces) most += 3 + interface->ipv6().addresses().size();
    List list(most);
    if (!list.has_memory()) {
        errno = ENOMEM;
        return -1;
    }
    for (const net::Interface* interface : interfaces) {
        list.add_link(*interface);
        if (!interface->address().is_unspecified()) list.add_v4(*interface, interface->address());
        if (interface->is_loopback()) list.add_v6(*interface, net::IpAddress::loopback_v6(), 128);
        for (const net::ndp::Address& own : interface->ipv6().addresses())
            if (own.usable()) list.add_v6(*interface, own.address, own.prefix_length);
    }
    *result = list.take();
    return 0;
}

extern "C" void freeifaddrs(ifaddrs* list) {
    // The first entry is where the memory begins.
    delete[] reinterpret_cast<Entry*>(list);
}

}  // namespace holm::posix

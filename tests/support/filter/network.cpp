#include "tests/support/filter/network.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace holm::test {

namespace {

int open_tap(const char* name) {
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -1;
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(fd, TUNSETIFF, &request) < 0) return close(fd), -1;
    return fd;
}

void set(const std::string& name, const std::string& value) {
    std::ofstream("/proc/sys/net/" + name) << value;
}

// Neighbours, routers, groups: what a kernel says of itself.
bool is_own_talk(const Octets& octets) {
    if (octets.size() < 34) return true;
    if (octets[12] == std::byte{0x08} && octets[13] == std::byte{0x00}) return octets[14 + 9] == std::byte{2};
    if (octets[12] != std::byte{0x86} || octets[13] != std::byte{0xdd} || octets.size() < 55) return true;
    if (octets[14 + 24] == std::byte{0xff}) return true;
    return octets[14 + 6] == std::byte{58} && std::uint8_t(octets[54]) >= 130 &&
           std::uint8_t(octets[54]) <= 143;
}

}  // namespace

bool TapNetwork::run(const std::string& command) {
    return std::system(command.c_str()) == 0;
}

bool TapNetwork::create() {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
    for (const char* item : {"all", "default"}) {
        const std::string name = item;
        set("ipv6/conf/" + name + "/accept_dad", "0");
        set("ipv6/conf/" + name + "/router_solicitations", "0");
        set("ipv4/conf/" + name + "/rp_filter", "0");
        set("ipv4/conf/" + name + "/send_redirects", "0");
        set("ipv4/conf/" + name + "/accept_local", "1");
    }
    taps_[0] = open_tap("inside");
    taps_[1] = open_tap("outside");
    if (taps_[0] < 0 || taps_[1] < 0) return false;
    const std::string mac = " lladdr 02:00:00:00:00:99 nud permanent dev ";
    if (!run("ip link set lo up && ip link set inside address 02:00:00:00:00:01 mtu 9000 up && "
             "ip link set outside address 02:00:00:00:00:02 mtu 9000 up && "
             "ip addr add 10.255.0.1/24 dev inside && ip addr add 198.51.100.1/24 dev outside && "
             "ip -6 addr add fd00:ff::1/64 dev inside nodad && ip -6 addr add 2001:db8:ff::1/64 dev outside "
             "nodad && "
             "ip neigh add 10.255.0.2" +
             mac + "inside && ip neigh add 198.51.100.2" + mac + "outside && ip neigh add fd00:ff::2" + mac +
             "inside && ip neigh add 2001:db8:ff::2" + mac +
             "outside && ip route add 10.0.0.0/8 via 10.255.0.2 && ip route add default via 198.51.100.2 && "
             "ip -6 route add fd00::/16 via fd00:ff::2 && ip -6 route add default via 2001:db8:ff::2"))
        return false;
    set("ipv4/ip_forward", "1");
    set("ipv6/conf/all/forwarding", "1");
    set("ipv4/icmp_ratelimit", "0");
    set("ipv4/icmp_msgs_per_sec", "1000000");
    set("ipv4/icmp_msgs_burst", "1000000");
    set("ipv6/icmp/ratelimit", "0");
    return true;
}

bool TapNetwork::load(const std::string& rules, std::string& error) {
    char name[] = "/tmp/holm-rules-XXXXXX";
    const int fd = mkstemp(name);
    if (fd < 0) return false;
    const std::string text = "flush ruleset\n" + rules;
    const bool written = ::write(fd, text.data(), text.size()) == ssize_t(text.size());
    close(fd);
    // Without rules nothing tracks, and with the trackers go their flows.
    const std::string file = name, log = file + ".log";
    const bool loaded =
        written && run("nft flush ruleset && (conntrack -F >/dev/null 2>&1; nft -f " + file + ") 2>" + log);
    std::ifstream stream(log);
    error.assign(std::istreambuf_iterator<char>(stream), {});
    unlink(name);
    unlink(log.c_str());
    return loaded;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> TapNetwork::counters() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
    FILE* pipe = popen("nft -n list ruleset", "r");
    if (pipe == nullptr) return found;
    std::array<char, 65'536> line;
    while (std::fgets(line.data(), int(line.size()), pipe) != nullptr) {
        const std::string text = line.data();
        const std::size_t at = text.find("counter packets ");
        if (at == std::string::npos) continue;
        unsigned long long packets = 0, bytes = 0;
        if (std::sscanf(text.c_str() + at, "counter packets %llu bytes %llu", &packets, &bytes) == 2)
            found.emplace_back(packets, bytes);
    }
    pclose(pipe);
    return found;
}

void TapNetwork::write(std::size_t tap, const Octets& octets) {
    Octets frame = octets;
    const std::uint8_t mac[] = {2, 0, 0, 0, 0, std::uint8_t(tap + 1), 2, 0, 0, 0, 0, 0x99};
    std::memcpy(frame.data(), mac, sizeof mac);
    [[maybe_unused]] const ssize_t done = ::write(taps_[tap], frame.data(), frame.size());
}

std::optional<Octets> TapNetwork::read(std::size_t tap) {
    std::array<std::byte, 70'000> buffer;
    for (;;) {
        const ssize_t size = ::read(taps_[tap], buffer.data(), buffer.size());
        if (size <= 0) return std::nullopt;
        Octets octets(buffer.begin(), buffer.begin() + size);
        if (!is_own_talk(octets)) return octets;
    }
}

}  // namespace holm::test

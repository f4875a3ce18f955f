#include "tender/devices/open_net.h"

#include <algorithm>
#include <cstring>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/result.h"
#include "tender/devices/host_secret.h"

namespace holm::tender {
namespace {

using Outcome = std::expected<void, Sentence>;

constexpr int kNetHeaderSize = 12;  // struct virtio_net_hdr_v1
constexpr std::uint16_t kDefaultMtu = 1500;
constexpr unsigned kTunUso = 0x20 | 0x40;  // TUN_F_USO4 | TUN_F_USO6, since Linux 6.2

std::unexpected<Sentence> failed(const NetRequest& request, std::string_view what, int error = 0) {
    Sentence sentence;
    sentence.text("device ").foreign(request.name).text(": ").text(what);
    if (error != 0) sentence.text(": ").text(strerror(error));
    return std::unexpected(sentence);
}

std::unexpected<Sentence> failed_tap(const NetRequest& request, std::string_view what, int error) {
    Sentence sentence;
    sentence.text("device ")
        .foreign(request.name)
        .text(": interface ")
        .foreign(request.interface)
        .text(" ")
        .text(what);
    if (error != 0) sentence.text(": ").text(strerror(error));
    return std::unexpected(sentence);
}

ifreq request_for(std::string_view interface) {
    ifreq result{};
    std::memcpy(result.ifr_name, interface.data(), std::min(interface.size(), sizeof result.ifr_name - 1));
    return result;
}

// The interface's MTU. It also tells whether the interface exists: TUNSETIFF would make a new one out of a
// misspelt name.
std::expected<std::uint16_t, Sentence> read_mtu(const NetRequest& request) {
    const int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_descriptor < 0) return failed(request, "cannot make a socket to look at the interface", errno);
    ifreq query = request_for(request.interface);
    const int result = ioctl(socket_descriptor, SIOCGIFMTU, &query);
    const int error = errno;
    close(socket_descriptor);
    if (result < 0)
        return failed_tap(request,
                          error == ENODEV ? "does not exist; `ip tuntap add NAME mode tap vnet_hdr` makes one"
                                          : "cannot be looked at",
                          error == ENODEV ? 0 : error);
    return static_cast<std::uint16_t>(std::clamp(query.ifr_mtu, 68, 65535));
}

std::expected<int, Sentence> open_tap(const NetRequest& request) {
    const int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tap < 0) return failed(request, "cannot open /dev/net/tun", errno);
    ifreq attach = request_for(request.interface);
    attach.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (ioctl(tap, TUNSETIFF, &attach) == 0) return tap;
    switch (errno) {
        case EBUSY:
            return failed_tap(request, "is in use by another process", 0);
        case EPERM:
            return failed_tap(request, "belongs to another user", 0);
        case EINVAL:
            return failed_tap(request, "is no tap with a single queue", 0);
        default:
            return failed_tap(request, "cannot be attached", errno);
    }
}

Outcome set_non_blocking(const NetRequest& request, int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
        return failed(request, "cannot make its descriptor non-blocking", errno);
    return {};
}

Outcome check_tap_descriptor(const NetRequest& request) {
    ifreq attached{};
    if (ioctl(request.descriptor, TUNGETIFF, &attached) < 0) {
        const bool closed = errno == EBADF;
        return failed(request, closed ? "its descriptor is not open" : "its descriptor is no tap");
    }
    const int flags = attached.ifr_flags;
    if (!(flags & IFF_TAP) || !(flags & IFF_NO_PI) || !(flags & IFF_VNET_HDR))
        return failed(request,
                      "its descriptor must be a tap opened with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR");
    return set_non_blocking(request, request.descriptor);
}

std::expected<std::uint32_t, Sentence> agree_on_offloads(const NetRequest& request, int tap) {
    int size = kNetHeaderSize;
    if (ioctl(tap, TUNSETVNETHDRSZ, &size) < 0)
        return failed(request, "the tap refuses 12-byte headers", errno);
    const unsigned base = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    const std::uint32_t offloads = HOLM_NET_CHECKSUM | HOLM_NET_TSO4 | HOLM_NET_TSO6;
    if (ioctl(tap, TUNSETOFFLOAD, base | kTunUso) == 0) return offloads | HOLM_NET_USO;
    if (ioctl(tap, TUNSETOFFLOAD, base) == 0) return offloads;
    return failed(request, "the tap refuses checksum and segmentation offload", errno);
}

Outcome check_stream(const NetRequest& request) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(request.descriptor, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return failed(request, errno == EBADF ? "its descriptor is not open" : "its descriptor is no socket");
    if (type != SOCK_STREAM) return failed(request, "its descriptor is a socket, but no stream socket");
    sockaddr_storage peer;
    size = sizeof peer;
    if (getpeername(request.descriptor, reinterpret_cast<sockaddr*>(&peer), &size) < 0)
        return failed(request, "its stream socket is not connected");
    return set_non_blocking(request, request.descriptor);
}

}  // namespace

Outcome open_net(const NetRequest& request, std::span<const std::uint8_t, 6> random,
                 holm_boot_device& device) {
    holm_boot_net net = request.settings;
    device.handle = request.descriptor;
    device.kind = HOLM_DEVICE_NET;
    device.transport = HOLM_TRANSPORT_TAP;
    switch (request.source) {
        case NetRequest::Source::kTap: {
            const std::uint16_t mtu = TRY(read_mtu(request));
            if (net.mtu == 0) net.mtu = mtu;
            device.handle = TRY(open_tap(request));
            net.offloads = TRY(agree_on_offloads(request, device.handle));
            break;
        }
        case NetRequest::Source::kTapDescriptor:
            TRY(check_tap_descriptor(request));
            net.offloads = TRY(agree_on_offloads(request, device.handle));
            break;
        case NetRequest::Source::kStream:
            TRY(check_stream(request));
            device.transport = HOLM_TRANSPORT_STREAM;
            break;
    }
    // A given descriptor may belong to an interface of another network namespace, so its MTU cannot be asked
    // for.
    if (net.mtu == 0) net.mtu = kDefaultMtu;
    if (!request.has_mac) {
        std::copy(random.begin(), random.end(), net.mac);
        net.mac[0] =
            static_cast<std::uint8_t>((net.mac[0] & ~1u) | 2u);  // of one station, locally administered
    }
    const auto secret = host_secret(request);
    std::copy(secret.begin(), secret.end(), net.ipv6_secret);
    device.net = net;
    return {};
}

}  // namespace holm::tender

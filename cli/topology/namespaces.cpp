#include "cli/topology/namespaces.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <string_view>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/places.h"
#include "cli/process/run_program.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

// A message with a descriptor or with a complaint.
void send_result(int socket, int descriptor, std::string_view complaint) {
    std::array<char, CMSG_SPACE(sizeof(int))> control{};
    std::string text(complaint.empty() ? "+" : complaint);
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    sendmsg(socket, &message, MSG_NOSIGNAL);  // nobody is left to tell if it fails
}

Descriptor receive_result(int socket) {
    std::array<char, CMSG_SPACE(sizeof(int))> control{};
    std::array<char, 1024> text;
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t size = 0;
    while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (size <= 0) throw Failure("a process that makes networks ended without a word");
    const std::string_view answer(text.data(), static_cast<std::size_t>(size));
    if (answer != "+") throw Failure(std::string(answer));
    int descriptor = -1;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS)
        std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return Descriptor(descriptor);
}

// Runs `make` in a process of its own, which may change its namespaces without changing this one's, and
// brings back the descriptor it returns (-1: none).
Descriptor from_child(const std::function<int()>& make) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        fail_with("no socket can be had: {}", std::strerror(errno));
    const Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        try {
            send_result(theirs.number(), make(), "");
        } catch (const std::exception& error) {
            send_result(theirs.number(), -1, error.what());
        }
        _exit(0);
    }
    theirs = Descriptor();
    const auto reap = [child] {
        while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    };
    try {
        Descriptor result = receive_result(ours.number());
        reap();
        return result;
    } catch (...) {
        reap();
        throw;
    }
}

void write_file(const char* path, const std::string& text) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    const bool good = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int error = errno;
    if (file >= 0) close(file);
    if (!good) fail_with("{} cannot be written: {}", path, std::strerror(error));
}

// Ordinary users may ping from within this network namespace: all groups, or in a user namespace, which knows
// only one, that one.
void permit_pings() {
    for (const std::string& groups : {std::string("0 2147483647"), formatted("{0} {0}", getegid())}) {
        std::ofstream range("/proc/sys/net/ipv4/ping_group_range");
        if (range << groups << std::flush) return;
    }
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) close(number_);
}

void enter_user_namespace() {
    const uid_t user = geteuid();
    const gid_t group = getegid();
    if (user == 0) return;
    if (unshare(CLONE_NEWUSER) != 0) {
        fail_with(
            "an ordinary user needs a user namespace for networks, and this machine refuses one ({}); see "
            "sysctl "
            "kernel.unprivileged_userns_clone and user.max_user_namespaces, or run holm up as root",
            std::strerror(errno));
    }
    write_file("/proc/self/setgroups", "deny");
    // The same number inside: programs that are started here shall not take themselves for root.
    write_file("/proc/self/uid_map", formatted("{0} {0} 1", user));
    write_file("/proc/self/gid_map", formatted("{0} {0} 1", group));
}

std::string why_no_namespaces() {
    try {
        from_child([] {
            enter_user_namespace();
            if (unshare(CLONE_NEWNET) != 0) fail_with("no network namespace: {}", std::strerror(errno));
            return -1;
        });
        return "";
    } catch (const Failure& failure) {
        return failure.what();
    }
}

void keep_network_rights() {
    if (geteuid() == 0) return;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (syscall(SYS_capget, &header, sets.data()) != 0) return;
    constexpr unsigned kRights[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE};
    for (const unsigned right : kRights) sets[right / 32].inheritable |= 1u << right % 32;
    if (syscall(SYS_capset, &header, sets.data()) != 0) return;
    for (const unsigned right : kRights) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, right, 0, 0);
}

void enter_network_namespace(int network_namespace) {
    if (setns(network_namespace, CLONE_NEWNET) != 0)
        fail_with("the network namespace cannot be entered: {}", std::strerror(errno));
}

Descriptor make_network_namespace() {
    Descriptor made = from_child([] {
        if (unshare(CLONE_NEWNET) != 0)
            fail_with("no network namespace can be had: {}", std::strerror(errno));
        permit_pings();
        return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    });
    run_ip(made, "link set lo up\n");
    return made;
}

Descriptor make_tap(const Descriptor& network_namespace, const std::string& name) {
    return from_child([&] {
        enter_network_namespace(network_namespace.number());
        const int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (tap < 0) {
            fail_with(
                "/dev/net/tun cannot be opened: {}{}", std::strerror(errno),
                errno == EACCES || errno == EPERM
                    ? "; everybody may where udev made it, elsewhere: chmod 666 /dev/net/tun"
                    : "; modprobe tun makes it, and a container has to be given it: --device /dev/net/tun");
        }
        ifreq request{};
        request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
        name.copy(request.ifr_name, IFNAMSIZ - 1);
        if (ioctl(tap, TUNSETIFF, &request) != 0)
            fail_with("the tap {} cannot be made: {}", name, std::strerror(errno));
        return tap;
    });
}

void run_ip(const Descriptor& network_namespace, const std::string& script,
            std::span<const Descriptor> others) {
    const auto program = find_on_path("ip");
    if (!program) throw Failure("the program ip is not installed; on Debian: apt install iproute2");
    from_child([&] {
        enter_network_namespace(network_namespace.number());
        keep_network_rights();
        for (const Descriptor& other : others) fcntl(other.number(), F_SETFD, 0);
        // Not a pipe: nobody reads yet, and what does not fit one would wait for ever.
        const Descriptor input(memfd_create("ip-script", MFD_CLOEXEC));
        if (input.number() < 0 ||
            write(input.number(), script.data(), script.size()) != static_cast<ssize_t>(script.size()))
            fail_with("a script for ip cannot be held: {}", std::strerror(errno));
        lseek(input.number(), 0, SEEK_SET);
        dup2(input.number(), STDIN_FILENO);
        const ProgramResult result = run_captured({program->string(), "-batch", "-"});
        if (result.status != 0) fail_with("ip(8) failed: {}", result.output);
        return -1;
    });
}

}  // namespace holm::cli

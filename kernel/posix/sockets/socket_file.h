#pragma once

// A socket as an open file. As with all files nothing here waits; -EAGAIN and ready() tell when to come back.

#include <span>

#include <sys/socket.h>

#include "base/instant.h"
#include "base/observer.h"
#include "base/result.h"
#include "kernel/posix/open_file.h"
#include "kernel/posix/sockets/control_messages.h"
#include "net/address.h"
#include "net/multicast/source_filter.h"

namespace holm::posix {

inline constexpr char kSocketKind = 0;

// What is asked for a multicast group.
struct GroupRequest {
    enum class What : std::uint8_t { kJoin, kLeave, kJoinSource, kLeaveSource, kBlock, kUnblock };
    What what = What::kJoin;
    net::IpAddress group, source;
    std::uint8_t zone = 0;  // of the interface; 0: any that leads there
};

class SocketFile : public OpenFile, public Observer {
  public:
    explicit SocketFile(int flags) : OpenFile(O_RDWR | (flags & O_NONBLOCK)) {}

    const void* kind() const final { return &kSocketKind; }
    void describe(struct stat& status) const final { status.st_mode = S_IFSOCK | 0777; }
    // From the stack, which must not be called back: watchers only take note.
    void notify() final { notify_watches(); }

    virtual int type() const = 0;  // SOCK_STREAM, SOCK_DGRAM
    virtual int family() const { return AF_INET; }
    virtual Outcome bind(const net::Endpoint& local) = 0;
    virtual Outcome listen(int) { return -EOPNOTSUPP; }
    // The next connection, as a new file with `flags`.
    virtual Outcome accept(int, FileReference&) { return -EOPNOTSUPP; }
    // 0 when it is done, -EINPROGRESS when ready() will tell, and then connect_result().
    virtual Outcome connect(const net::Endpoint& remote) = 0;
    virtual Outcome connect_result() { return 0; }
    virtual Outcome shut_down(int) { return -EOPNOTSUPP; }
    virtual Outcome send(std::span<const Bytes> pieces, const Departure& departure) = 0;
    // MSG_PEEK and MSG_TRUNC in `flags`.
    virtual Outcome receive(MutableBytes room, int flags, Arrival& arrival) = 0;
    virtual net::Endpoint local() const = 0;
    virtual Result<net::Endpoint> remote() const = 0;
    // The pending error as a positive errno; asking clears it.
    virtual int take_error() = 0;
    virtual bool is_listening() const { return false; }
    virtual Outcome set_membership(const GroupRequest&) { return -ENOPROTOOPT; }
    // Whom it hears of the request's group, as a whole.
    virtual Outcome set_sources(const GroupRequest&, bool, std::span<const net::IpAddress>) {
        return -ENOPROTOOPT;
    }
    virtual Outcome sources_of(const GroupRequest&, net::multicast::SourceFilter&) { return -ENOPROTOOPT; }
    // IPV6_V6ONLY.
    virtual bool only_v6() const { return false; }
    // The options that reach into the stack. -ENOPROTOOPT for those it does not have.
    virtual Outcome set_option(int, int, int) { return -ENOPROTOOPT; }
    // Those whose values are no numbers.
    virtual Outcome set_option(int, int, Bytes) { return -ENOPROTOOPT; }
    // Writes an option's value and returns its size. -ENOPROTOOPT for those that all sockets have, or none.
    virtual Outcome get_option(int, int, MutableBytes) { return -ENOPROTOOPT; }

    Outcome read(MutableBytes bytes) final {
        Arrival arrival;
        return receive(bytes, 0, arrival);
    }
    Outcome write(Bytes bytes) final { return send({&bytes, 1}, {}); }

    // SO_RCVTIMEO and SO_SNDTIMEO; zero is for ever.
    Duration receive_timeout;
    Duration send_timeout;
};

// Null for a descriptor that is open but no socket; `outcome` says -EBADF or -ENOTSOCK.
SocketFile* as_socket(const FileReference& file, Outcome& outcome);

// `family`: AF_INET or AF_INET6.
SocketFile* open_tcp(int family, int flags);
// -ENOMEM, -EMFILE.
Outcome open_udp(int family, int flags, SocketFile*& result);

constexpr Outcome outcome_of(const Error& error) {
    return -static_cast<Outcome>(error.code);
}

}  // namespace holm::posix

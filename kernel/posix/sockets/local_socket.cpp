// socketpair: two connected stream sockets that know only each other. Names in a file system (AF_UNIX with
// bind and connect) there are none.

#include <memory>

#include "kernel/posix/byte_ring.h"
#include "kernel/posix/descriptors.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

// Less room than this does not wake a writer: as with pipes.
constexpr std::size_t kWorthWaking = 4096;

class LocalSocket;

// What goes one way.
struct Direction {
    ByteRing bytes;
    LocalSocket* writer = nullptr;  // null when it is closed
    LocalSocket* reader = nullptr;
    bool finished = false;  // shut down by its writer or its reader

    bool may_gain() const { return writer != nullptr && !finished; }
};

struct Pair {
    Direction directions[2];
};

class LocalSocket final : public SocketFile {
  public:
    LocalSocket(Pair& pair, int side, int flags)
        : SocketFile(flags), pair_(pair), in_(pair.directions[side]), out_(pair.directions[1 - side]) {
        in_.reader = this;
        out_.writer = this;
    }
    ~LocalSocket() override {
        LocalSocket* const peer = out_.reader;
        in_.reader = nullptr;
        out_.writer = nullptr;
        if (peer != nullptr) {
            peer->notify_watches();
        } else {
            unmake(&pair_);
        }
    }

    int type() const override { return SOCK_STREAM; }
    int family() const override { return AF_UNIX; }
    Outcome bind(const net::Endpoint&) override { return -EINVAL; }
    Outcome connect(const net::Endpoint&) override { return -EISCONN; }

    Outcome shut_down(int how) override {
        if (how != SHUT_WR) in_.finished = true;
        if (how != SHUT_RD) out_.finished = true;
        notify_watches();
        if (out_.reader != nullptr) out_.reader->notify_watches();
        return 0;
    }

    Outcome send(std::span<const Bytes> pieces, const Departure& departure) override {
        if (departure.destination != nullptr) return -EISCONN;
        if (out_.reader == nullptr || out_.finished) return -EPIPE;
        std::size_t total = 0, wanted = 0;
        for (const Bytes piece : pieces) {
            wanted += piece.size();
            total += out_.bytes.write(piece);
        }
        if (total == 0 && wanted != 0) return -EAGAIN;
        out_.reader->notify_watches();
        return static_cast<Outcome>(total);
    }

    Outcome receive(MutableBytes room, int flags, Arrival&) override {
        if (in_.bytes.size() == 0) return in_.may_gain() && !room.empty() ? -EAGAIN : 0;
        if ((flags & MSG_PEEK) != 0) return static_cast<Outcome>(in_.bytes.peek(room));
        const std::size_t count = in_.bytes.read(room);
        if (in_.writer != nullptr) in_.writer->notify_watches();
        return static_cast<Outcome>(count);
    }

    short ready() const override {
        int events = 0;
        if (in_.bytes.size() > 0 || !in_.may_gain()) events |= POLLIN | POLLRDNORM;
        if (!in_.may_gain()) events |= POLLRDHUP;
        if (out_.reader == nullptr || (in_.finished && out_.finished)) events |= POLLHUP;
        if (out_.reader == nullptr || out_.finished || out_.bytes.space() >= kWorthWaking)
            events |= POLLOUT | POLLWRNORM;
        return static_cast<short>(events);
    }

    // Without a name: its address is its family.
    net::Endpoint local() const override { return {}; }
    Result<net::Endpoint> remote() const override { return net::Endpoint{}; }
    int take_error() override { return 0; }

  private:
    Pair& pair_;
    Direction& in_;
    Direction& out_;
};

}  // namespace

SYSTEM_CALL(socketpair, int family, int type, int protocol, int* descriptors) {
    const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (family != AF_UNIX) return -EOPNOTSUPP;
    if ((type & ~flags) != SOCK_STREAM) return refuse_use("a pair of sockets but streams", EPROTONOSUPPORT);
    if (protocol != 0) return -EPROTONOSUPPORT;
    Pair* pair = make<Pair>();
    if (pair == nullptr) return -ENOMEM;
    FileReference one;
    if (pair->directions[0].bytes.allocate() && pair->directions[1].bytes.allocate())
        one = FileReference(new LocalSocket(*pair, 0, flags));
    if (!one) {
        unmake(pair);
        return -ENOMEM;
    }
    const Outcome first = add_descriptor(one.get(), flags);
    if (first < 0) return first;
    const Outcome second = add_descriptor(new LocalSocket(*pair, 1, flags), flags);
    if (second < 0) {
        posix::descriptors()->close(static_cast<int>(first));
        return second;
    }
    descriptors[0] = static_cast<int>(first);
    descriptors[1] = static_cast<int>(second);
    return 0;
}

}  // namespace holm::posix

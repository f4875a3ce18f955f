#include "kernel/posix/sockets/tcp_options.h"

#include <algorithm>
#include <string_view>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "net/tcp/information.h"

namespace holm::posix {
namespace {

using net::tcp::Connection;
using net::tcp::LossRecovery;
using net::tcp::State;

// The numbers of Linux's <netinet/tcp.h>, which monitoring programs know.
std::uint8_t number_of(State state) {
    switch (state) {
        case State::kSynSent:
            return TCP_SYN_SENT;
        case State::kSynReceived:
            return TCP_SYN_RECV;
        case State::kEstablished:
            return TCP_ESTABLISHED;
        case State::kFinWait1:
            return TCP_FIN_WAIT1;
        case State::kFinWait2:
            return TCP_FIN_WAIT2;
        case State::kCloseWait:
            return TCP_CLOSE_WAIT;
        case State::kClosing:
            return TCP_CLOSING;
        case State::kLastAck:
            return TCP_LAST_ACK;
        case State::kTimeWait:
            return TCP_TIME_WAIT;
        default:
            return TCP_CLOSE;
    }
}

std::uint8_t number_of(LossRecovery::Phase phase) {
    switch (phase) {
        case LossRecovery::Phase::kReduction:
            return TCP_CA_CWR;
        case LossRecovery::Phase::kRecovery:
            return TCP_CA_Recovery;
        case LossRecovery::Phase::kAfterTimeout:
            return TCP_CA_Loss;
        default:
            return TCP_CA_Open;
    }
}

std::uint32_t microseconds(Duration duration) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(duration.as_microseconds(), 0xffff'ffff));
}

// What the stack does not count stays zero. Linux counts in segments what the stack counts in bytes.
tcp_info linux_information(const Connection& connection) {
    const net::tcp::Information about = net::tcp::information_about(connection);
    const std::uint32_t mss = std::max(about.segment_size, 1U);
    tcp_info info{};
    info.tcpi_state = number_of(about.state);
    info.tcpi_ca_state = number_of(about.phase);
    info.tcpi_rcv_wscale = connection.receiver().scale() & 15U;
    info.tcpi_rto = microseconds(about.retransmission_timeout);
    info.tcpi_snd_mss = about.segment_size;
    info.tcpi_unacked = (about.in_flight + mss - 1) / mss;
    info.tcpi_sacked = about.selectively_acknowledged / mss;
    info.tcpi_lost = about.lost / mss;
    info.tcpi_retrans = about.sent_again / mss;
    info.tcpi_rtt = microseconds(about.round_trip);
    info.tcpi_rttvar = microseconds(about.variation);
    info.tcpi_min_rtt = microseconds(about.least_round_trip);
    info.tcpi_snd_cwnd = about.congestion_window / mss;
    info.tcpi_snd_ssthresh = about.slow_start_threshold / mss;
    info.tcpi_rcv_space = about.receive_window_limit;
    info.tcpi_total_retrans = about.retransmissions;
    return info;
}

Outcome put(const void* value, std::size_t size, MutableBytes room) {
    size = std::min(size, room.size());
    memcpy(room.data(), value, size);
    return static_cast<Outcome>(size);
}

Outcome put_number(std::int64_t value, MutableBytes room) {
    const auto number = static_cast<int>(std::min<std::int64_t>(value, 0x7fff'ffff));
    if (room.size() < sizeof(number)) return -EINVAL;
    return put(&number, sizeof(number), room);
}

}  // namespace

Outcome TcpOptions::set(int level, int name, int value) {
    if (level == SOL_SOCKET && name == SO_SNDBUF) {
        if (value <= 0) return -EINVAL;
        send_buffer_ = static_cast<std::uint32_t>(std::max(value, 4096));
    } else if (level == IPPROTO_TCP && name == TCP_KEEPCNT) {
        if (value < 1 || value > 127) return -EINVAL;
        keep_alive_probes_ = static_cast<std::uint8_t>(value);
    } else if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT) {
        if (value < 0) return -EINVAL;
        user_timeout_ = Duration::milliseconds(value);
    } else {
        return -ENOPROTOOPT;
    }
    return 0;
}

Outcome TcpOptions::set_congestion(Bytes name) {
    std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
    text = text.substr(0, text.find('\0'));
    if (text != "cubic" && text != "reno") return -ENOENT;
    congestion_ =
        text == "reno" ? net::tcp::CongestionAlgorithm::kReno : net::tcp::CongestionAlgorithm::kCubic;
    return 0;
}

void TcpOptions::apply(Connection& connection) const {
    if (congestion_) connection.set_congestion(*congestion_);
    if (user_timeout_ != Duration()) connection.set_user_timeout(user_timeout_);
    if (send_buffer_ != 0) connection.set_send_buffer(send_buffer_);
}

Outcome TcpOptions::get(int level, int name, const Connection* connection, MutableBytes room) const {
    if (level == SOL_SOCKET && name == SO_SNDBUF && connection != nullptr)
        return put_number(static_cast<std::int64_t>(connection->send_limit()), room);
    if (level == SOL_SOCKET && name == SO_RCVBUF && connection != nullptr)
        return put_number(connection->receiver().limit(), room);
    if (level != IPPROTO_TCP) return -ENOPROTOOPT;
    switch (name) {
        case TCP_KEEPCNT:
            return put_number(keep_alive_probes_, room);
        case TCP_USER_TIMEOUT:
            return put_number(user_timeout_.as_milliseconds(), room);
        case TCP_MAXSEG:
            return put_number(connection != nullptr ? connection->sender().mss() : 536, room);
        case TCP_CONGESTION: {
            const char* algorithm = connection != nullptr ? connection->sender().congestion().name()
                                    : congestion_ == net::tcp::CongestionAlgorithm::kReno ? "reno"
                                                                                          : "cubic";
            return put(algorithm, strlen(algorithm) + 1, room);
        }
        case TCP_INFO: {
            tcp_info info{};
            info.tcpi_state = TCP_CLOSE;
            if (connection != nullptr) info = linux_information(*connection);
            return put(&info, sizeof(info), room);
        }
        default:
            return -ENOPROTOOPT;
    }
}

}  // namespace holm::posix

// The service of a script: settings, socket calls and what they must return.

#include <algorithm>
#include <charconv>
#include <format>

#include "net/tcp/header.h"
#include "tests/script/tcp/player.h"

namespace holm::net::tcp::test {
namespace {

std::uint32_t to_number(const std::string& word) {
    std::uint32_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

Duration to_duration(const std::string& word) {
    return Duration::nanoseconds(std::int64_t(std::stod(word) * 1e9));
}

std::string error_name(const std::optional<Error>& error) {
    if (!error) return "none";
    switch (error->code) {
        case ErrorCode::kConnectionRefused:
            return "refused";
        case ErrorCode::kConnectionReset:
            return "reset";
        case ErrorCode::kConnectionAborted:
            return "aborted";
        case ErrorCode::kTimedOut:
            return "timed-out";
        case ErrorCode::kHostUnreachable:
            return "host-unreachable";
        case ErrorCode::kNetworkUnreachable:
            return "network-unreachable";
        case ErrorCode::kBrokenPipe:
            return "broken-pipe";
        case ErrorCode::kWouldBlock:
            return "would-block";
        case ErrorCode::kAddressInUse:
            return "address-in-use";
        case ErrorCode::kNoBuffers:
            return "no-buffers";
        default:
            return std::format("error-{}", int(error->code));
    }
}

// Bytes that live for ever: what send-reference sends.
Bytes pattern_bytes(std::uint32_t begin, std::uint32_t length) {
    static const std::vector<std::byte> kBytes = [] {
        std::vector<std::byte> bytes(4U << 20U);
        for (std::uint32_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern(i);
        return bytes;
    }();
    return Bytes(kBytes).subspan(begin, length);
}

}  // namespace

void Player::check_number(const std::string& what, std::uint64_t found, const std::string& wanted) {
    if (found != to_number(wanted)) error(std::format("{} is {}", what, found));
}

// Settings come before the first line that needs the layer.
bool Player::call_setting(const std::vector<std::string>& words) {
    const std::string& name = words[0];
    const std::string value = words.size() > 1 ? words[1] : "";
    if (name == "tso")
        ip_.segmentation = true;
    else if (name == "mtu")
        ip_.mtu = std::uint16_t(to_number(value));
    else if (name == "receive-buffer")
        configuration_.receive_buffer = to_number(value);
    else if (name == "send-buffer")
        configuration_.send_buffer = to_number(value);
    else if (name == "max-half-open")
        configuration_.max_half_open = to_number(value);
    else if (name == "max-connections")
        configuration_.max_connections = to_number(value);
    else if (name == "max-time-wait")
        configuration_.max_time_wait = to_number(value);
    else if (name == "user-timeout")
        configuration_.user_timeout = to_duration(value);
    else if (name == "connect-timeout")
        configuration_.connect_timeout = to_duration(value);
    else if (name == "max-receive-buffer")
        configuration_.max_receive_buffer = to_number(value);
    else if (name == "max-send-buffer")
        configuration_.max_send_buffer = to_number(value);
    else if (name == "max-buffer-bytes")
        configuration_.max_buffer_bytes = to_number(value);
    else if (name == "max-orphans")
        configuration_.max_orphans = to_number(value);
    else if (name == "pacing")
        configuration_.pacing = true;
    else if (name == "user-timeout-option")
        configuration_.user_timeout_option = true;
    else if (name == "ecn")
        configuration_.ecn = value == "request" ? Ecn::kRequest : value == "off" ? Ecn::kOff : Ecn::kAccept;
    else if (name == "congestion")
        configuration_.congestion =
            value == "reno" ? CongestionAlgorithm::kReno : CongestionAlgorithm::kCubic;
    else if (name == "no-options")
        configuration_.timestamps = configuration_.sack = configuration_.window_scale = false;
    else
        return false;
    return true;
}

bool Player::call_expectation(const std::vector<std::string>& words) {
    const std::string& name = words[0];
    const std::string value = words.size() > 1 ? words[1] : "";
    Connection* connection = peer().connection.get();
    if (name == "connections")
        check_number(name, layer().connections(), value);
    else if (name == "time-wait-entries")
        check_number(name, layer().time_wait_entries(), value);
    else if (name == "buffer-bytes")
        check_number(name, layer().buffer_bytes(), value);
    else if (name == "half-open")
        check_number(name, listener_ ? listener_->half_open() : 0, value);
    else if (name == "no-deadline") {
        // Deadlines may be early: those that turn out to be about nothing do not count.
        const Instant before = now_;
        for (int i = 0; i < 4 && !layer().next_deadline().is_never(); ++i) {
            now_ = std::max(now_, layer().next_deadline());
            settle();
        }
        if (!layer().next_deadline().is_never() || !ip_.sent.empty()) error("a timer is running");
        now_ = before;
    } else if (connection == nullptr) {
        return false;
    } else if (name == "state") {
        if (value != name_of(connection->state()))
            error(std::format("state is {}", name_of(connection->state())));
    } else if (name == "error") {
        if (value != error_name(connection->error())) error("error is " + error_name(connection->error()));
    } else if (name == "readable") {
        check_number(name, connection->readable_bytes(), value);
    } else if (name == "send-space") {
        check_number(name, connection->send_space(), value);
    } else if (name == "unacknowledged") {
        check_number(name, connection->unacknowledged_bytes(), value);
    } else if (name == "cwnd") {
        check_number(name, connection->sender().congestion().window(), value);
    } else if (name == "ssthresh") {
        check_number(name, connection->sender().congestion().threshold(), value);
    } else if (name == "rto") {
        const Duration wanted = to_duration(value);
        const Duration found = connection->sender().rtt().timeout();
        if (found != wanted) error(std::format("rto is {} us", found.as_microseconds()));
    } else if (name == "user-timeout") {
        if (connection->user_timeout() != to_duration(value))
            error(std::format("the user timeout is {} s", connection->user_timeout().as_seconds()));
    } else if (name == "receive-limit") {
        check_number(name, connection->receiver().limit(), value);
    } else if (name == "eof") {
        if (connection->end_of_stream() != (value != "no")) error("end of stream or not");
    } else {
        return false;
    }
    return true;
}

bool Player::call_connection(const std::vector<std::string>& words) {
    Connection* connection = peer().connection.get();
    if (connection == nullptr) return false;
    const std::string& name = words[0];
    const std::string value = words.size() > 1 ? words[1] : "";
    const std::string wanted = words.size() > 2 ? words[2] : "";
    if (name == "send" || name == "send-reference") {
        const Bytes bytes = pattern_bytes(peer().sent, to_number(value));
        std::string result = value;
        if (name == "send") {
            const auto taken = connection->send(bytes);
            result = taken ? std::to_string(*taken) : error_name(taken.error());
            peer().sent += std::uint32_t(taken.value_or(0));
        } else {
            const auto taken = connection->send_reference(bytes, nullptr);
            if (taken)
                peer().sent += std::uint32_t(bytes.size());
            else
                result = error_name(taken.error());
        }
        if (result != (wanted.empty() ? value : wanted)) error("returned " + result);
    } else if (name == "recv") {
        const std::size_t count = value == "all" ? connection->readable_bytes() : to_number(value);
        if (connection->readable_bytes() < count) return error("too few bytes are readable"), true;
        for (std::size_t left = count; left > 0;) {
            const Bytes run = connection->readable().first(std::min(left, connection->readable().size()));
            for (const std::byte byte : run)
                if (byte != pattern(peer().received++)) return error("a wrong byte was received"), true;
            left -= run.size();
            connection->consume(run.size());
        }
    } else if (name == "shutdown") {
        connection->shutdown_send();
    } else if (name == "close") {
        connection->close();
    } else if (name == "abort") {
        connection->abort();
    } else if (name == "drop") {
        peer().connection = {};
    } else if (name == "no-delay") {
        connection->set_no_delay(true);
    } else if (name == "keep-alive") {
        connection->set_keep_alive(to_duration(value), to_duration(wanted));
    } else if (name == "patience") {
        connection->set_user_timeout(to_duration(value));
    } else {
        return false;
    }
    return true;
}

void Player::call(const std::vector<std::string>& words) {
    const std::string& name = words[0];
    const std::string value = words.size() > 1 ? words[1] : "";
    if (name == "wait") {
    } else if (name == "given") {
        given(words);
    } else if (name == "hold") {
        held_ = true;
    } else if (name == "release") {
        held_ = false;
    } else if (name == "full") {
        ip_.full = value != "no";
    } else if (name == "unreachable") {
        ip_.unreachable = value != "no";
    } else if (name == "peer") {
        port_ = std::uint16_t(to_number(value));
    } else if (name == "peer-iss") {
        peer().peer_initial = to_number(value);
        peer().our_initial = {};
        peer().sent = peer().received = 0;
    } else if (name == "listen") {
        const std::string backlog = words.size() > 3 ? words[3] : "16";
        auto listener = layer().listen({IpAddress::any_v4(), std::uint16_t(to_number(value))},
                                       std::uint16_t(to_number(backlog)));
        if (!listener) return error("listen: " + error_name(listener.error()));
        listener_ = *std::move(listener);
    } else if (name == "unlisten") {
        listener_ = {};
    } else if (name == "accept") {
        peer().connection = listener_->accept();
        if ((value == "none") == bool(peer().connection)) error(value == "none" ? "one waits" : "none waits");
    } else if (name == "connect") {
        auto connection =
            layer().connect(now_, {IpAddress::v4(10, 0, 0, 1), port_}, {{}, std::uint16_t(1000)});
        peer().local_port = 1000;
        if (!connection) {
            if (error_name(connection.error()) != value) error("connect: " + error_name(connection.error()));
            return;
        }
        if (!value.empty()) return error("connect succeeds");
        peer().connection = *std::move(connection);
    } else if (name == "icmp") {
        // icmp KIND sequence [mtu]
        using ip::ErrorKind;
        const std::map<std::string, ErrorKind> kinds = {{"port-unreachable", ErrorKind::kPortUnreachable},
                                                        {"host-unreachable", ErrorKind::kHostUnreachable},
                                                        {"too-big", ErrorKind::kPacketTooBig}};
        const FourTuple tuple{.local = {ip_.address, peer().local_port},
                              .remote = {IpAddress::v4(10, 0, 0, 1), port_}};
        HeaderBuffer buffer;
        const Seq sequence = Seq(peer().our_initial.value_or(0) + to_number(words[2]));
        const MutableBytes header = buffer.fill({.tuple = tuple, .sequence = sequence}, {});
        layer().report_error(now_, {.kind = kinds.at(value),
                                    .source = ip_.address,
                                    .destination = IpAddress::v4(10, 0, 0, 1),
                                    .mtu = std::uint16_t(words.size() > 3 ? to_number(words[3]) : 0),
                                    .transport = header.first(8)});
    } else if (!call_connection(words)) {
        return error(std::format("'{}' is no call, or there is no connection for it", name));
    }
    settle();
}

// State first: `given STATE [ts] [sack] [wscale N] [mss N] [win N] [rtt S]` brings a connection there.
void Player::given(const std::vector<std::string>& words) {
    std::string options = "mss 1460";
    std::string window = "65535";
    std::string delay;
    bool timestamps = false;
    for (std::size_t i = 2; i < words.size(); ++i) {
        if (words[i] == "ts")
            timestamps = true;
        else if (words[i] == "sack")
            options += ",sackOK";
        else if (words[i] == "wscale")
            options += ",wscale " + words[++i];
        else if (words[i] == "mss")
            options = "mss " + words[++i];
        else if (words[i] == "win")
            window = words[++i];
        else if (words[i] == "rtt")
            delay = "+" + words[++i] + " ";
        else
            return error(std::format("'{}' is no word of 'given'", words[i]));
    }
    const std::string stamp = timestamps ? ",TS val 100 ecr 0" : "";
    const std::string echo = timestamps ? " <TS val 100 ecr 0>" : "";
    const std::string& state = words[1];
    const std::string after = " win " + window + echo + "\n";
    std::string lines;
    if (state == "SYN-SENT") {
        lines = "connect\n> S 0:0(0)\n";
    } else {
        lines = "listen 80\n< S 0:0(0) win " + window + " <" + options + stamp + ">\n> S. 0:0(0) ack 1\n";
        if (state != "SYN-RECEIVED") lines += delay + "< . 1:1(0) ack 1" + after + "accept\n";
    }
    if (state == "FIN-WAIT-1" || state == "FIN-WAIT-2" || state == "CLOSING" || state == "TIME-WAIT")
        lines += "shutdown\n> F. 1:1(0) ack 1\n";
    if (state == "FIN-WAIT-2" || state == "TIME-WAIT") lines += "< . 1:1(0) ack 2" + after;
    if (state == "TIME-WAIT") lines += "< F. 1:1(0) ack 2" + after + "> . 2:2(0) ack 2\n";
    if (state == "CLOSING") lines += "< F. 1:1(0) ack 1" + after + "> . 2:2(0) ack 2\n";
    if (state == "CLOSE-WAIT" || state == "LAST-ACK")
        lines += "< F. 1:1(0) ack 1" + after + "> . 1:1(0) ack 2\n";
    if (state == "LAST-ACK") lines += "shutdown\n> F. 1:1(0) ack 2\n";
    run_lines(lines);
    if (state != "SYN-RECEIVED" && error_.empty()) call_expectation({"state", state});
}

}  // namespace holm::net::tcp::test

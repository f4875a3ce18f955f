#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "abi/embedded_files.h"
#include "holm/dns.h"
#include "kernel/network/network.h"
#include "kernel/start/machine.h"
#include "kernel/task/sleep.h"
#include "net/address_text.h"
#include "services/dns/notify.h"
#include "services/dns/one_client.h"
#include "services/dns/stream_frames.h"

namespace holm::dns {
namespace {

std::uint64_t unix_time() {
    return static_cast<std::uint64_t>(this_core().clock->wall_now().seconds());
}

// For the operator, too.
std::unexpected<Error> complain(std::string_view about, const Error& error) {
    this_core().console->print("dns: ", about, ": ", error.what, "\n");
    return std::unexpected(error);
}

}  // namespace

static_assert(net::udp::Responder::kMostAtOnce <= Server::kMostAhead);

void NameServer::Datagrams::look_ahead(std::span<const Bytes> payloads) {
    unix_time_ = unix_time();
    server_.look_ahead(payloads);
}

Bytes NameServer::Datagrams::respond(Instant now, std::size_t index, const net::Endpoint& source,
                                     const net::IpAddress&) {
    // A source port of 0 cannot be answered.
    if (source.port == 0) return {};
    const auto reply = server_.answer(
        now, unix_time_, {source.address.without_zone(), Server::Transport::kDatagram}, index, answer_);
    return Bytes(answer_).first(reply.size);
}

Result<> NameServer::load(std::string_view path) {
    const auto file = embedded_files().find(path);
    if (!file || file->is_directory())
        return complain(path, {ErrorCode::kNotFound, "the image has no such file"});
    const auto table = ZoneTable::create(file->contents());
    if (!table) return complain(path, table.error());
    table_ = *table;
    SipHashKey key;
    this_core().random->fill(std::as_writable_bytes(std::span(&key, 1)));
    server_.reset(new (std::nothrow) Server(table_, key));
    scratch_.reset(new (std::nothrow) std::byte[StreamFrames::kLengthSize + Server::kStreamRoom]);
    if (!server_ || !scratch_)
        return complain(path, {ErrorCode::kOutOfMemory, "no memory for the name server"});
    return {};
}

std::optional<net::Endpoint> NameServer::metrics_endpoint() const {
    const table::Network& where = table_.header().metrics;
    if (where.port == 0) return std::nullopt;
    return net::Endpoint{net::IpAddress::v6(std::to_array(where.address)), where.port};
}

Task<Result<>> NameServer::serve(Network& network, std::string_view path) {
    CO_TRY(load(path));
    co_return co_await serve(network);
}

Task<Result<>> NameServer::serve(Network& network) {
    Machine& machine = *this_core().machine;
    Datagrams datagrams(*server_);
    auto socket = network.open_udp(options_.port);
    if (!socket) co_return complain("UDP", socket.error());
    auto listener = network.listen(options_.port);
    if (!listener) co_return complain("TCP", listener.error());
    socket->socket().set_responder(&datagrams);
    Scope connections;
    Scope tasks;
    if (!tasks.start(accept_all(*listener, connections), "dns accept") ||
        !tasks.start(notify_all(network), "dns notify"))
        co_return fail(ErrorCode::kOutOfMemory, "no memory for the server's tasks");
    co_await machine.stop().wait();
    co_return {};
}

NameServer::Connection::Connection(NameServer& server, TcpStream opened)
    : stream(std::move(opened)), server_(server) {
    ++server_.connections_open_;
    server_.connections_.push_back(*this);
}

NameServer::Connection::~Connection() {
    --server_.connections_open_;
    server_.connections_changed_.set();
}

bool NameServer::has_enough(const net::IpAddress& client) {
    std::size_t of_this_client = 0;
    connections_.for_each([&](const Connection& other) {
        of_this_client += is_one_client(other.stream.remote().address, client);
    });
    return of_this_client >= options_.connections_per_client;
}

Task<> NameServer::accept_all(TcpListener& listener, Scope& connections) {
    for (;;) {
        while (connections_open_ >= options_.connections) {
            connections_changed_.reset();
            co_await connections_changed_.wait();
        }
        auto stream = co_await listener.accept();
        if (!stream) {  // out of memory: perhaps not for long
            co_await sleep(Duration::milliseconds(100));
            continue;
        }
        if (has_enough(stream->remote().address)) {
            ++connections_refused_;
            stream->abort();
            continue;
        }
        stream->set_no_delay(true);
        // Counted from here on: the task may run only after many more were accepted.
        std::unique_ptr<Connection> connection(new (std::nothrow) Connection(*this, std::move(*stream)));
        if (connection) connections.start(converse(std::move(connection)), "dns connection");
    }
}

// Queries are answered as they come; a transfer goes on while there are none, so that it holds up nobody (RFC
// 7766, section 6.2.1.1).
Task<> NameServer::converse(std::unique_ptr<Connection> connection) {
    TcpStream& stream = connection->stream;
    const MutableBytes room(scratch_.get() + StreamFrames::kLengthSize, Server::kStreamRoom);
    const auto patience = std::clamp<std::int64_t>(options_.idle.as_milliseconds() / 100, 0, 0xffff);
    const Server::Client client{stream.remote().address.without_zone(), Server::Transport::kStream,
                                static_cast<std::uint16_t>(patience)};
    StreamFrames frames;
    std::unique_ptr<Transfer> transfer;
    bool finished = false;                       // the client will ask nothing more
    Instant sent = this_core().executor->now();  // the last of what was answered
    Instant deadline = sent + options_.idle;
    for (;;) {
        Bytes bytes = stream.readable();
        const std::size_t available = bytes.size();
        if (const auto message = frames.next(bytes)) {
            auto reply = server_->answer(this_core().executor->now(), unix_time(), client, *message, room);
            if (reply.transfer != nullptr) {
                // One at a time: nothing more is read until the one before it has been sent.
                std::unique_ptr<Transfer> following(new (std::nothrow) Transfer(
                    table_, *reply.transfer, server_->query(), server_->transaction()));
                while (transfer) {
                    const std::size_t size = transfer->next(room, unix_time());
                    if (size == 0) {
                        transfer.reset();
                    } else if (!co_await send(stream, size)) {
                        co_return;
                    }
                }
                transfer = std::move(following);
                reply.size = 0;
            }
            stream.consume(available - bytes.size());
            if (reply.size != 0 && !co_await send(stream, reply.size)) co_return;
            sent = this_core().executor->now();
            deadline = sent + options_.idle;
            continue;
        }
        if (available != bytes.size()) stream.consume(available - bytes.size());
        if (frames.has_failed()) break;
        if (transfer) {
            const std::size_t size = transfer->next(room, unix_time());
            if (size == 0) {
                transfer.reset();
                sent = this_core().executor->now();
                deadline = sent + options_.idle;
            } else if (!co_await send(stream, size)) {
                co_return;
            }
            continue;
        }
        if (finished) co_return;
        const auto received = co_await stream.receive(deadline);
        if (!received) {
            // A reset would take away what a slow client has not got yet.
            const Instant late = sent + options_.transfer;
            if (stream.connection().unacknowledged_bytes() == 0 || deadline >= late) break;
            deadline = std::min(late, deadline + Duration::seconds(1));
            continue;
        }
        finished = received->empty();
        if (finished && frames.is_between_messages()) co_return;
    }
    stream.abort();
}

// What stands in scratch_ behind room for its length. Others use that while this waits, so what TCP does not
// take at once is put aside.
Task<Result<>> NameServer::send(TcpStream& stream, std::size_t size) {
    scratch_[0] = static_cast<std::byte>(size >> 8);
    scratch_[1] = static_cast<std::byte>(size);
    const Bytes whole(scratch_.get(), StreamFrames::kLengthSize + size);
    const std::size_t taken = CO_TRY(stream.try_send(whole));
    if (taken == whole.size()) co_return {};
    const std::size_t left = whole.size() - taken;
    const std::unique_ptr<std::byte[]> rest(new (std::nothrow) std::byte[left]);
    if (!rest) co_return fail(ErrorCode::kOutOfMemory, "no memory for an answer");
    std::memcpy(rest.get(), whole.data() + taken, left);
    const auto sent =
        co_await stream.send(Bytes(rest.get(), left), this_core().executor->now() + options_.transfer);
    if (!sent) stream.abort();
    co_return sent;
}

Task<> NameServer::notify_all(Network& network) {
    co_await network.configured().wait();
    Scope all;
    for (const table::Zone& zone : table_.zones()) {
        for (const table::Network& one : table_.array<table::Network>(zone.notify)) {
            std::array<std::uint8_t, 16> address;
            std::copy_n(one.address, address.size(), address.begin());
            const auto mapped = net::IpAddress::v6(address);
            all.start(notify(network, zone, {mapped, one.port}, one.key), "dns notify");
        }
    }
    (void)co_await all.join();
}

Task<> NameServer::notify(Network& network, const table::Zone& zone, net::Endpoint secondary,
                          std::uint16_t key) {
    auto socket = network.open_udp();
    if (!socket || !socket->connect(secondary)) co_return;
    std::array<std::byte, kMinimumUdp + Transaction::kMostRoom> message;
    std::uint16_t id = 0;
    this_core().random->fill(std::as_writable_bytes(std::span(&id, 1)));
    Duration patience = Duration::seconds(kNotifySeconds);
    for (int attempt = 0; attempt < kNotifyTries; ++attempt, patience = patience * 2) {
        std::size_t size = make_notify(table_, zone, id, message);
        Transaction transaction(table_, key);
        if (key != 0) size = transaction.sign(message, size, unix_time());
        (void)co_await socket->send(Bytes(message).first(size));
        const Instant deadline = this_core().executor->now() + patience;
        for (;;) {
            const auto answer = co_await socket->receive(deadline);
            if (!answer && answer.error().code == ErrorCode::kTimedOut) break;
            if (answer && answers_notify(table_, zone, id, answer->payload) &&
                (key == 0 || transaction.is_answered_by(answer->payload, unix_time())))
                co_return;
            if (!answer) {  // nobody is there: as if there were no answer
                co_await sleep_until(deadline);
                break;
            }
        }
    }
    this_core().console->print("dns: ", net::to_text(secondary.address).view(), " does not answer NOTIFY\n");
}

}  // namespace holm::dns

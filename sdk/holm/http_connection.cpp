// What a server does on one connection: requests are read where TCP received them, responses go into its send
// queue.

#include "holm/http_connection.h"

#include <exception>

#include "kernel/console/console.h"
#include "kernel/task/sleep.h"
#include "kernel/time/clock.h"
#include "net/address_text.h"

namespace holm::http {
namespace {

// Referenced content takes no room in TCP's buffers. A client that pipelines requests for large files waits
// from here on.
constexpr std::size_t kMostUnacknowledged = 8 << 20;

}  // namespace

Time Server::read_time() {
    const Core& core = this_core();
    const Instant now = core.executor->now();
    if (now >= next_second_) {
        const WallTime wall = core.clock->wall_now();
        unix_seconds_ = wall.seconds();
        next_second_ = now + (Duration::seconds(1) - Duration::nanoseconds(wall.nanoseconds % 1'000'000'000));
    }
    return {now, unix_seconds_};
}

bool Server::Connection::flush(Time time) {
    if (waits_for_room) return true;  // its own task goes on with the output
    try {
        return hand_over(time);
    } catch (const std::exception& exception) {
        give_up(exception.what());
    } catch (...) {
        give_up("something that is no std::exception");
    }
    return false;
}

// A reset: after a mere end the peer might take what it has for the whole answer.
void Server::Connection::give_up(const char* what) {
    ++server.statistics_.failures;
    this_core().console->print("http: a connection is given up: ", what, "\n");
    stream.abort();
}

bool Server::Connection::hand_over(Time time) {
    for (Session::Output output = session.output(time); !output.bytes.empty();
         output = session.output(time)) {
        const std::size_t taken = output.bytes.size();
        if (output.outlives_session && stream.connection().send_reference(output.bytes, nullptr)) {
            queued += taken;
            session.sent(time, taken);
            continue;
        }
        const auto copied = stream.try_send(output.bytes);
        if (!copied) return false;
        if (*copied == 0) break;
        queued += *copied;
        session.sent(time, *copied);
    }
    if (session.shuts_down() && !shut_down) {
        shut_down = true;
        stream.shutdown_send();
    }
    return true;
}

bool Server::Connection::peer_took(std::size_t least) {
    const std::uint64_t before = std::exchange(acknowledged, queued - unacknowledged());
    return unacknowledged() == 0 || acknowledged >= before + least;
}

// What a service throws outside of its handlers, from the source of a stream or for lack of memory, ends one
// connection, not the scope of all.
Task<> Server::serve_connection(std::unique_ptr<Connection> connection) {
    try {
        co_await converse(*connection);
        co_return;
    } catch (const std::exception& exception) {
        connection->give_up(exception.what());
    } catch (...) {
        connection->give_up("something that is no std::exception");
    }
}

void Server::answer(Connection& connection, Time time, const Request& request, Response response) {
    if (finish_) finish_(request, response);
    RequestLog::Open* open = nullptr;
    if (log_) {
        const AddressText client = net::to_text(connection.stream.remote().address);
        open = log_->answer(connection, LogEntry::of(client, request, response, time.unix_seconds));
    }
    connection.session.respond(time, std::move(response));
    if (open == nullptr) return;
    open->begin = connection.queued + connection.session.unsent_before_content();
    if (open->length != 0) open->end = open->begin + open->length;
}

void Server::log_unreadable(Connection& connection, Time time, Status status) const {
    const AddressText client = net::to_text(connection.stream.remote().address);
    log_->answer(connection, {.client = client, .status = status, .unix_seconds = time.unix_seconds});
}

Task<> Server::converse(Connection& connection) {
    Session& session = connection.session;
    TcpStream& stream = connection.stream;
    while (!session.closed()) {
        Time time = read_time();
        for (Bytes input = stream.readable(); session.wants_input() && !input.empty();
             input = stream.readable()) {
            const auto [consumed, request, refused] = session.receive(time, input);
            if (refused != Status{} && log_) log_unreadable(connection, time, refused);
            if (request != nullptr) {
                ++statistics_.requests;
                const Router::Match found = match(*request);
                if (found.route == Router::kNoRoute) {
                    answer(connection, time, *request, answer_unrouted(*request, found));
                } else if (const Handler& quick = handler(found.route)) {
                    answer(connection, time, *request, quick(*request));
                } else {
                    // Other connections go on meanwhile, and use the memory that the request lies in.
                    Request* const kept = session.keep_request();
                    const WaitingHandler* const waiting = waiting_handler(found.route);
                    if (waiting == nullptr && kept != nullptr) {
                        stream.consume(consumed);
                        if (co_await take_over_(connection, found.route, *kept)) co_return;
                        continue;
                    }
                    Task<Response> answering;
                    if (kept != nullptr) answering = (*waiting)(*kept);
                    Response response = answering ? co_await std::move(answering) : answer_no_memory();
                    time = read_time();
                    answer(connection, time, kept != nullptr ? *kept : *request, std::move(response));
                }
            }
            stream.consume(consumed);
        }
        if (!connection.flush(time)) break;
        if (const Bytes rest = session.output(time).bytes; !rest.empty()) {
            // TCP's buffer is full: goes on when it takes one more byte.
            connection.waits_for_room = true;
            if (!co_await stream.send(rest.first(1))) break;
            connection.waits_for_room = false;
            ++connection.queued;
            session.sent(read_time(), 1);
            continue;
        }
        while (connection.unacknowledged() > kMostUnacknowledged) co_await sleep(Duration::milliseconds(10));
        if (session.closed() || !stream.readable().empty()) continue;
        const auto received = co_await stream.receive();
        if (!received) break;
        if (received->empty()) session.end_of_input();
    }
}

}  // namespace holm::http

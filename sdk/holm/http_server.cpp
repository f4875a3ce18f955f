// The life of a server: accepting, deadlines, the orderly stop.

#include <algorithm>
#include <new>
#include <string>

#include "abi/embedded_files.h"
#include "holm/http_connection.h"
#include "kernel/network/network.h"
#include "kernel/start/machine.h"
#include "kernel/task/deadline.h"
#include "kernel/task/sleep.h"

namespace holm::http {
namespace {

// How often deadlines are looked at: one timer for all connections, and none while there are no connections.
constexpr Duration kSweep = Duration::seconds(1);

Task<> wait_for_end(Scope& scope) {
    (void)co_await scope.join();
}

}  // namespace

Server::Server() : Server(Options()) {}

Server::Server(Options options) : options_(options), context_(options.limits, options.timeouts) {
    on_failure([this](const Request& request, const char* what) {
        ++statistics_.failures;
        this_core().console->print("http: the handler of ", method_name(request.method()), " ",
                                   request.path(), " failed: ", what, "\n");
    });
}

Server::~Server() = default;

void Server::add_waiting(Method method, std::string_view pattern, WaitingHandler handler) {
    const std::size_t before = route_count();
    add(method, pattern, Handler());
    if (route_count() > before) {
        waiting_handlers_.emplace_back(static_cast<Router::RouteId>(before), std::move(handler));
    }
}

const Server::WaitingHandler* Server::waiting_handler(Router::RouteId route) const {
    const auto found =
        std::ranges::find(waiting_handlers_, route, &std::pair<Router::RouteId, WaitingHandler>::first);
    return found == waiting_handlers_.end() ? nullptr : &found->second;
}

Server& Server::embedded_files(std::string_view prefix, std::string_view folder, FileOptions options) {
    std::string root(folder);
    while (root.ends_with('/')) root.pop_back();
    const auto find = [root](std::string_view path) -> std::optional<StaticFile> {
        if (path.size() > HOLM_FILES_MAX_PATH) return std::nullopt;
        std::string whole = root;
        whole.append("/").append(path);
        if (whole.ends_with('/')) whole += "index.html";
        const auto file = holm::embedded_files().find(whole);
        if (!file || file->is_directory()) return std::nullopt;
        return StaticFile{file->contents(), file->content_type(), std::as_bytes(std::span(file->hash()))};
    };
    files(prefix, find, std::move(options));
    return *this;
}

Task<Result<>> Server::serve(Network& network, std::uint16_t port) {
    Machine& machine = *this_core().machine;
    if (!error()) {
        machine.console().print("http: a route cannot be added: ", error().error().what, "\n");
        co_return error();
    }
    auto listener = network.listen(port);
    if (!listener) {
        machine.console().print("http: cannot listen on port ", port, ": ", listener.error().what, "\n");
        co_return std::unexpected(listener.error());
    }
    co_return co_await serve(*listener, machine.stop());
}

Task<Result<>> Server::serve(TcpListener& listener, Event& stop) {
    if (!error()) co_return error();
    Scope connections;
    Scope watching;
    Scope accepting;
    if (!watching.start(watch_deadlines(), "http deadlines") ||
        !accepting.start(accept_all(listener, connections), "http accept")) {
        co_return fail(ErrorCode::kOutOfMemory, "no memory for the server's tasks");
    }
    co_await stop.wait();
    accepting.cancel();
    connections_.for_each([time = read_time()](Connection& connection) {
        if (connection.takeover != nullptr) return connection.takeover->stop();
        connection.session.stop(time);
        connection.flush(time);
    });
    (void)co_await with_timeout(options_.stop_grace, wait_for_end(connections));
    connections.cancel();  // what they have still to log comes now
    flush_log();
    co_return {};
}

void Server::flush_log() const {
    if (log_) log_->flush();
}

Task<> Server::accept_all(TcpListener& listener, Scope& connections) {
    while (true) {
        while (statistics_.connections_open >= options_.connections) {
            connections_changed_.reset();
            co_await connections_changed_.wait();
        }
        auto stream = co_await listener.accept();
        if (!stream) {  // out of memory: perhaps not for long
            co_await sleep(Duration::milliseconds(100));
            continue;
        }
        ++statistics_.connections_accepted;
        stream->set_no_delay(true);
        std::unique_ptr<Connection> connection(new (std::nothrow) Connection(*this, std::move(*stream)));
        if (connection != nullptr)
            connections.start(serve_connection(std::move(connection)), "http connection");
    }
}

Task<> Server::watch_deadlines() {
    while (true) {
        if (log_) connections_.for_each([this](Connection& connection) { log_->settle(connection, false); });
        flush_log();
        while (connections_.empty()) {
            connections_changed_.reset();
            co_await connections_changed_.wait();
        }
        co_await sleep(kSweep);
        connections_.for_each([this](Connection& connection) { check_deadline(connection); });
    }
}

// To the session all is sent that TCP has taken. So while TCP still holds something, what counts is whether
// the peer takes it quickly enough; then the session's own deadlines count.
void Server::check_deadline(Connection& connection) {
    if (connection.takeover != nullptr) return;
    Session& session = connection.session;
    const Time time = read_time();
    const auto least = static_cast<std::size_t>(options_.timeouts.rate * kSweep.as_seconds());
    if (connection.peer_took(least)) {
        connection.stalled_since = Instant::never();
    } else if (connection.stalled_since.is_never()) {
        connection.stalled_since = time.now;
    } else if (time.now - connection.stalled_since >= options_.timeouts.transfer_grace) {
        context_.count(Drop::kNotTaken);
        connection.stream.abort();
        return;
    }
    if (connection.unacknowledged() > 0 || time.now < session.deadline()) return;
    session.expire(time);
    if (!connection.flush(time) || session.closed()) connection.stream.abort();
}

}  // namespace holm::http

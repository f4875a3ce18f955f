#pragma once

// An HTTP/1.1 server:
//
//     http::Server server;
//     server.get("/hello/{name}", [](const http::Request& request) {
//         return http::Response::text("hello, " + std::string(request.path("name")) + "\n");
//     });
//     co_await server.serve(machine.net(), 80);
//
// A handler takes a const Request& and returns a Response, or a Task<Response> when it has to wait for
// something. Routes, files and what a handler may throw: services/http/service.h.

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/intrusive_list.h"
#include "base/result.h"
#include "kernel/task/event.h"
#include "kernel/task/scope.h"
#include "kernel/task/task.h"
#include "services/http/access_log.h"     // IWYU pragma: export
#include "services/http/preconditions.h"  // IWYU pragma: export
#include "services/http/service.h"        // IWYU pragma: export
#include "services/http/session_context.h"

namespace holm {
class Network;
class TcpListener;
}  // namespace holm

namespace holm::http {

class Takeover;

class Server : public Service {
  public:
    struct Options {
        Limits limits;
        Timeouts timeouts;
        std::size_t connections = 4096;              // at a time; more wait to be accepted
        Duration stop_grace = Duration::seconds(4);  // for what was started when the operator asks to stop
    };

    struct Statistics {
        std::uint64_t connections_accepted = 0;
        std::uint64_t connections_open = 0;
        std::uint64_t requests = 0;  // answered by a handler, or by 404, 405 and the like
        std::uint64_t failures = 0;  // handlers that threw
    };

    Server();
    explicit Server(Options options);
    ~Server();

    // As in Service (get(), post(), … too), and for coroutines as well. Such a handler must not keep the
    // request beyond its end.
    template <typename Callable>
    Server& route(Method method, std::string_view pattern, Callable handler) {
        if constexpr (std::is_same_v<std::invoke_result_t<Callable&, const Request&>, Task<Response>>) {
            add_waiting(method, pattern, guard_waiting(std::move(handler)));
        } else {
            Service::route(method, pattern, std::move(handler));
        }
        return *this;
    }
    // Takes connections over from HTTP, for what begins with a request and goes on otherwise: `head` answers,
    // and when its response takes over (101, or Response::open()), `body` has the connection until it
    // returns. See websocket.h and event_stream.h, which stand on this.
    using TakeoverHead = Function<Response(const Request&)>;
    using TakeoverBody = Function<Task<>(Takeover&)>;
    Server& take_over(std::string_view pattern, TakeoverHead head, TakeoverBody body);

    // The files of the image below `folder` ("/static" and "static" are the same), under `prefix`. Of FILE,
    // FILE.gz and FILE.br each client gets the one that it likes best.
    Server& embedded_files(std::string_view prefix, std::string_view folder, FileOptions options = {});

    // Every response passes through here before it is sent, errors of the router and files included: headers
    // that all of them are to have, http::several_ranges(). Not those to what was no request.
    template <typename Callable>
    Server& finish_with(Callable finish) {
        finish_ = guard_finish(std::move(finish));
        return *this;
    }

    // Writes a line about each request, gathered for up to a second: to the console, or to a sink. The line
    // of a large answer or a stream is written when the client has it, or has gone; its bytes are those that
    // were acknowledged, a stream's as they go over the wire.
    Server& access_log(AccessLog::Format format = AccessLog::Format::kCombined, AccessLog::Sink sink = {});

    // Serves until the operator asks the instance to stop; then finishes what was started, within the grace.
    // Errors: those of Network::listen(), and what is wrong with a route; they are also told on the console.
    Task<Result<>> serve(Network& network, std::uint16_t port);
    // The same for a listener of the caller's own and any event.
    Task<Result<>> serve(TcpListener& listener, Event& stop);

    const Statistics& statistics() const { return statistics_; }
    const DropCounters& drops() const { return context_.drops(); }

  private:
    using WaitingHandler = Function<Task<Response>(const Request&)>;
    struct Connection;
    class RequestLog;
    class Log;
    struct TakeoverRoute {
        Router::RouteId route;
        TakeoverHead head;
        TakeoverBody body;
    };

    template <typename Callable>
    WaitingHandler guard_waiting(Callable callable) {
#if __cpp_exceptions
        // The lambda lives in the route as long as the server, so that its frame may refer to it.
        return [this, callable = std::move(callable)](const Request& request) mutable -> Task<Response> {
            try {
                Task<Response> answer = callable(request);
                if (!answer) co_return answer_no_memory();
                co_return co_await std::move(answer);
            } catch (const std::exception& exception) {
                report(request, exception.what());
            } catch (...) {
                report(request, "something that is no std::exception");
            }
            co_return answer_failure();
        };
#else
        return callable;
#endif
    }

    // In place, so that connections have no code to move responses.
    using Finish = Function<void(const Request&, Response&)>;
    template <typename Callable>
    Finish guard_finish(Callable callable) {
#if __cpp_exceptions
        return [this, callable = std::move(callable)](const Request& request, Response& response) mutable {
            try {
                response = callable(request, std::move(response));
                return;
            } catch (const std::exception& exception) {
                report(request, exception.what());
            } catch (...) {
                report(request, "something that is no std::exception");
            }
            response = answer_failure();
        };
#else
        return [callable = std::move(callable)](const Request& request, Response& response) mutable {
            response = callable(request, std::move(response));
        };
#endif
    }

    void add_waiting(Method method, std::string_view pattern, WaitingHandler handler);
    // Null when another kind of handler answers the route.
    const WaitingHandler* waiting_handler(Router::RouteId route) const;
    // Answers, and when that takes the connection over has it until it ends: then true.
    Task<bool> begin_takeover(Connection& connection, Router::RouteId route, const Request& request);
    // Also writes the request into the log.
    void answer(Connection& connection, Time time, const Request& request, Response response);
    void log_unreadable(Connection& connection, Time time, Status status) const;
    void flush_log() const;
    Task<> accept_all(TcpListener& listener, Scope& connections);
    Task<> serve_connection(std::unique_ptr<Connection> connection);
    Task<> converse(Connection& connection);
    Task<> watch_deadlines();
    void check_deadline(Connection& connection);
    // Both clocks of this core, with one reading of the time stamp counter in most cases.
    Time read_time();

    Options options_;
    SessionContext context_;
    std::vector<std::pair<Router::RouteId, WaitingHandler>> waiting_handlers_;
    std::vector<TakeoverRoute> takeover_routes_;
    Finish finish_;
    // Reached through functions, so that images that do without do not contain them: the log and takeovers.
    std::unique_ptr<RequestLog> log_;
    Function<Task<bool>(Connection&, Router::RouteId, const Request&)> take_over_;
    IntrusiveList<Connection> connections_;
    Event connections_changed_;
    std::int64_t unix_seconds_ = 0;
    Instant next_second_;  // until then unix_seconds_ is right
    Statistics statistics_;
};

}  // namespace holm::http

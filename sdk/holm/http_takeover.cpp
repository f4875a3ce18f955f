#include "holm/http_takeover.h"

#include <algorithm>
#include <string>

#include "holm/http_connection.h"
#include "holm/whole_or_reset.h"
#include "net/address_text.h"
#include "services/http/response_writer.h"

namespace holm::http {
namespace {

// However the takeover ends, by an exception or by being cancelled too.
class Possession {
  public:
    Possession(Takeover*& place, Takeover& takeover) : place_(place) { place_ = &takeover; }
    Possession(const Possession&) = delete;
    Possession& operator=(const Possession&) = delete;
    ~Possession() { place_ = nullptr; }

  private:
    Takeover*& place_;
};

}  // namespace

Server& Server::take_over(std::string_view pattern, TakeoverHead head, TakeoverBody body) {
    const std::size_t before = route_count();
    add(Method::kGet, pattern, Handler());
    if (route_count() > before)
        takeover_routes_.push_back({static_cast<Router::RouteId>(before), std::move(head), std::move(body)});
    take_over_ = [this](Connection& connection, Router::RouteId route, const Request& request) {
        return begin_takeover(connection, route, request);
    };
    return *this;
}

// The session stays where it is, with the request unanswered: it keeps the request's memory and has no
// deadline.
Task<bool> Server::begin_takeover(Connection& connection, Router::RouteId id, const Request& request) {
    const TakeoverRoute& route = *std::ranges::find(takeover_routes_, id, &TakeoverRoute::route);
    Response head = route.head(request);
    const Time time = read_time();
    if (!head.takes_over()) {
        answer(connection, time, request, std::move(head));
        co_return false;
    }
    if (finish_) finish_(request, head);
    if (log_) {
        const AddressText client = net::to_text(connection.stream.remote().address);
        log_->answer(connection, LogEntry::of(client, request, head, time.unix_seconds));
    }
    Session& session = connection.session;
    TcpStream& stream = connection.stream;
    Takeover takeover(stream, request, context_.drops());
    const Possession possession(connection.takeover, takeover);
    connection.waits_for_room = true;
    // The session's deadlines do not count any more.
    const Instant deadline = time.now + options_.timeouts.transfer_grace;
    WholeOrReset head_and_before(stream);
    // What answers the requests before this one.
    for (Bytes rest = session.output(time).bytes; !rest.empty(); rest = session.output(time).bytes) {
        if (!co_await stream.send(rest, deadline)) co_return true;
        session.sent(time, rest.size());
    }
    const ResponseWriter writer(&request, head, true, time.unix_seconds);
    std::string bytes(writer.head_size(), '\0');
    bytes.resize(static_cast<std::size_t>(writer.write_head(bytes.data(), context_.dates()) - bytes.data()));
    if (!co_await stream.send(as_bytes(bytes), deadline)) co_return true;
    head_and_before.settle(true);
    bytes = {};
    if (takeover.tasks().start(route.body(takeover), "http takeover")) (void)co_await takeover.tasks().join();
    co_return true;
}

}  // namespace holm::http

#pragma once

// Server-sent events, what EventSource of browsers listens to:
//
//     http::add_event_stream(server, "/ticks", [](http::EventStream& events) -> Task<> {
//         for (int i = 0; co_await events.send({.data = std::to_string(i)}); ++i) co_await
//         sleep(Duration::seconds(1));
//     });
//
// The handler is cancelled when the client goes away and when the operator asks the instance to stop.

#include <string>
#include <string_view>
#include <utility>

#include "base/instant.h"
#include "base/result.h"
#include "holm/http.h"
#include "holm/http_takeover.h"
#include "kernel/task/mutex.h"
#include "kernel/task/task.h"
#include "services/http/event_stream.h"  // IWYU pragma: export

namespace holm::http {

class EventStream {
  public:
    struct Options {
        // Of silence; then a comment is sent, so that nobody between takes the connection for dead.
        Duration keep_alive = Duration::seconds(15);
        // How long a client may take for what is sent; then it is dropped.
        Duration patience = Duration::seconds(10);
    };

    EventStream(Takeover& takeover, const Options& options);
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;

    const Request& request() const { return takeover_.request(); }
    // The id of the last event that the client has seen, when it comes back; empty: none.
    std::string_view last_event_id() const { return request().header("last-event-id"); }

    // The event is in the send buffer; false: the client is gone. Any number of tasks.
    Task<bool> send(ServerEvent event);

    // The handler's life within the takeover; see add_event_stream().
    Task<> run(Task<> handler);

  private:
    Task<bool> send_text(std::string text);
    Task<> watch();
    Task<> keep_alive();

    Takeover& takeover_;
    const Options& options_;
    Mutex sending_;
    Instant sent_;
};

// The answer to a request for events.
Response answer_event_stream(const Request& request);

// A route for events. The handler is a callable from EventStream& to Task<>; it lives as long as the server.
template <typename Callable>
Server& add_event_stream(Server& server, std::string_view pattern, Callable handler,
                         EventStream::Options options = {}) {
    return server.take_over(pattern, &answer_event_stream,
                            [options, handler = std::move(handler)](Takeover& takeover) mutable -> Task<> {
                                EventStream events(takeover, options);
                                co_await events.run(handler(events));
                            });
}

}  // namespace holm::http

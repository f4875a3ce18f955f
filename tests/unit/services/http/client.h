#pragma once

// A client and the wire for session tests: feeds bytes, lets a function answer, gathers what comes back.

#include <functional>
#include <string>
#include <string_view>

#include "services/http/session.h"

namespace holm::http {

class Client {
  public:
    using Handler = std::function<Response(const Request&)>;

    explicit Client(Handler handler, Limits limits = {}) : context(limits), handler_(std::move(handler)) {}

    // Sends `text`, `cut` bytes at a time (0: at once), and returns all that has come back since the last
    // call.
    std::string send(std::string_view text, std::size_t cut = 0) {
        unread_ += text;
        std::size_t visible = cut == 0 ? unread_.size() : std::min(cut, unread_.size());
        while (true) {
            const bool progress = receive(visible);
            drain();
            if (!progress && visible == unread_.size()) break;
            if (!progress) visible = std::min(unread_.size(), visible + cut);
        }
        return take();
    }
    // Takes at most `count` bytes of output off the session: a peer with a small window.
    std::size_t drain(std::size_t count = SIZE_MAX) {
        std::size_t taken = 0;
        while (taken < count) {
            const Session::Output output = session.output(time);
            if (output.bytes.empty()) break;
            const std::size_t part = std::min({output.bytes.size(), count - taken, write_size});
            received_ += as_text(output.bytes.first(part));
            referenced += output.outlives_session ? part : 0;
            session.sent(time, part);
            taken += part;
        }
        return taken;
    }
    bool receive(std::size_t visible) {
        bool progress = false;
        while (session.wants_input() && visible > 0) {
            // A copy of its own, so that ASan sees a view that outlives it.
            std::string input = unread_.substr(0, visible);
            auto [consumed, request, refused] = session.receive(time, as_bytes(input));
            if (request != nullptr) {
                ++requests;
                if (keep) {
                    request = session.keep_request();
                    input.assign(input.size(), '#');
                    context.scratch().~Request();  // so that ASan sees a view into it
                    new (&context.scratch()) Request();
                }
                session.respond(time, handler_(*request));
            }
            unread_.erase(0, consumed);
            visible -= consumed;
            progress |= consumed > 0 || request != nullptr;
            if (consumed == 0) break;
        }
        return progress;
    }
    std::string take() { return std::exchange(received_, {}); }
    void wait(Duration duration) {
        time.now = time.now + duration;
        time.unix_seconds += duration.as_seconds();
        session.expire(time);
    }

    SessionContext context;
    Time time{Instant::from_nanoseconds(0), 784'111'777};  // Sun, 06 Nov 1994 08:49:37 GMT
    Session session{context, time};
    std::size_t write_size = SIZE_MAX;
    std::size_t referenced = 0;  // bytes that could be sent without a copy
    int requests = 0;
    bool keep = false;  // handlers that wait

  private:
    Handler handler_;
    std::string unread_;
    std::string received_;
};

}  // namespace holm::http

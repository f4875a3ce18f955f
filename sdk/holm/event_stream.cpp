#include "holm/event_stream.h"

#include "holm/whole_or_reset.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"

namespace holm::http {

namespace {

constexpr std::string_view kType = "text/event-stream";

}  // namespace

Response answer_event_stream(const Request& request) {
    Response response =
        request.method() == Method::kGet ? Response::open(kType) : Response::reference({}, kType);
    return std::move(response).header("Cache-Control", "no-store");
}

EventStream::EventStream(Takeover& takeover, const Options& options)
    : takeover_(takeover), options_(options), sent_(executor().now()) {}

Task<bool> EventStream::send(ServerEvent event) {
    std::string text;
    append_event(text, event);
    return send_text(std::move(text));
}

Task<bool> EventStream::send_text(std::string text) {
    const Mutex::Lock lock = co_await sending_.lock();
    sent_ = executor().now();
    // A part of an event must not look like a whole one to somebody who comes back.
    WholeOrReset whole(takeover_.stream());
    const Result<> sent = co_await takeover_.stream().send(as_bytes(text), sent_ + options_.patience);
    whole.settle(sent.has_value());
    if (!sent && sent.error().code == ErrorCode::kTimedOut)
        ++takeover_.drops()[static_cast<std::size_t>(Drop::kNotTaken)];
    co_return sent.has_value();
}

// A client says nothing more; that it has gone is heard here.
Task<> EventStream::watch() {
    TcpStream& stream = takeover_.stream();
    while (true) {
        const auto input = co_await stream.receive();
        if (!input || input->empty()) break;
        stream.consume(input->size());
    }
    takeover_.tasks().cancel();
}

Task<> EventStream::keep_alive() {
    while (true) {
        const Instant before = sent_;
        co_await sleep_until(before + options_.keep_alive);
        if (sent_ != before) continue;
        std::string text;
        append_comment(text, "");
        if (!co_await send_text(std::move(text))) co_return;
    }
}

Task<> EventStream::run(Task<> handler) {
    Scope helpers;
    helpers.start(watch(), "events watch");
    helpers.start(keep_alive(), "events keep-alive");
    if (handler) co_await std::move(handler);
}

}  // namespace holm::http

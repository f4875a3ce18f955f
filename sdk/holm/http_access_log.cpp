// The access log of a server: apart from it, so that images without one do not contain it.

#include <algorithm>
#include <memory>

#include "holm/http_connection.h"
#include "kernel/console/console.h"
#include "kernel/core.h"

namespace holm::http {
namespace {

// Shorter content leaves in one piece with its head, and has arrived when the connection goes on.
constexpr std::size_t kAtOnce = 4096;

}  // namespace

// Of the line, bytes and rows are the log's; what the client has got is the connection's.
class Server::Log final : public Server::RequestLog {
  public:
    Log(AccessLog::Format format, AccessLog::Sink sink) : lines_(format, std::move(sink)) {}

    Open* answer(Connection& connection, const LogEntry& entry) override {
        settle(connection, false);
        if (entry.length <= kAtOnce && !entry.is_stream) {
            lines_.record(entry);
            return nullptr;
        }
        std::unique_ptr<Open>* last = &connection.open_lines;
        while (*last) last = &(*last)->next;
        last->reset(new Open{.line = lines_.prepare(entry), .length = entry.length});
        return last->get();
    }

    void settle(Connection& connection, bool over) override {
        std::unique_ptr<Open>& first = connection.open_lines;
        const std::uint64_t arrived = connection.arrived();
        while (first) {
            // A stream has ended when its session has nothing more to send.
            if (first->end == kUnknown && connection.session.has_sent_all()) first->end = connection.queued;
            if (!over && arrived < first->end) return;
            lines_.record(first->line, std::min(std::max(arrived, first->begin), first->end) - first->begin);
            first = std::move(first->next);
        }
    }

    void flush() override { lines_.flush(); }

  private:
    AccessLog lines_;
};

Server& Server::access_log(AccessLog::Format format, AccessLog::Sink sink) {
    if (!sink) sink = [](std::string_view lines) { this_core().console->write(lines); };
    log_ = std::make_unique<Log>(format, std::move(sink));
    return *this;
}

}  // namespace holm::http

// The access log of a server: apart from it, so that images without one do not contain it.

#include <memory>

#include "holm/http.h"
#include "kernel/console/console.h"
#include "kernel/core.h"

namespace holm::http {

Server& Server::access_log(AccessLog::Format format, AccessLog::Sink sink) {
    if (!sink) sink = [](std::string_view lines) { this_core().console->write(lines); };
    const auto log = std::make_shared<AccessLog>(format, std::move(sink));
    log_ = [log](const LogEntry& entry) { log->record(entry); };
    flush_log_ = [log] { log->flush(); };
    return *this;
}

}  // namespace holm::http

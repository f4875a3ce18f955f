// The access log of a server: apart from it, so that images without one do not contain it.

#include <memory>

#include "holm/http.h"
#include "kernel/console/console.h"
#include "kernel/core.h"

namespace holm::http {

Server& Server::access_log(AccessLog::Format format, AccessLog::Sink sink) {
    if (!sink) sink = [](std::string_view lines) { this_core().console->write(lines); };
    access_log_ = std::make_unique<AccessLog>(format, std::move(sink));
    log_ = [this](const LogEntry& entry) { access_log_->record(entry); };
    flush_log_ = [this] { access_log_->flush(); };
    return *this;
}

}  // namespace holm::http

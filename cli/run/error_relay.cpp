#include "cli/run/error_relay.h"

#include <array>
#include <cerrno>

#include <unistd.h>

namespace holm::cli {

ErrorRelay::ErrorRelay() : pipe_(Pipe::create()), thread_([this] { pass_on(); }) {}

ErrorRelay::~ErrorRelay() {
    finish();
    pipe_.close_read();
}

const std::string& ErrorRelay::finish() {
    pipe_.close_write();
    if (thread_.joinable()) thread_.join();
    return last_;
}

void ErrorRelay::pass_on() {
    constexpr std::size_t kKept = std::size_t{16} * 1024;
    std::array<char, 4096> piece;
    for (;;) {
        const ssize_t size = read(pipe_.read_end, piece.data(), piece.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        const auto length = static_cast<std::size_t>(size);
        for (std::size_t done = 0; done < length;) {
            const ssize_t written = write(STDERR_FILENO, piece.data() + done, length - done);
            if (written < 0 && errno != EINTR) break;  // nobody listens; the tender shall not hang for that
            if (written > 0) done += static_cast<std::size_t>(written);
        }
        last_.append(piece.data(), length);
        if (last_.size() > kKept) last_.erase(0, last_.size() - kKept);
    }
}

}  // namespace holm::cli

#include "kernel/console/console.h"

namespace holm {

void Console::write(std::string_view text) noexcept {
    // Whole lines that need not wait for the rest of a line go out as they are, all at once.
    const std::size_t last_line_end = text.rfind('\n');
    std::string_view rest = text;
    if (last_line_end != std::string_view::npos) {
        const std::string_view lines = text.substr(0, last_line_end + 1);
        rest = text.substr(last_line_end + 1);
        if (line_.text().empty()) {
            platform_.write_console(as_bytes(lines));
        } else if (line_.text().size() + lines.size() <= kLongestLine) {
            line_ << lines;
            flush();
        } else {
            flush();
            platform_.write_console(as_bytes(lines));
        }
    }
    if (rest.empty()) return;
    if (line_.text().size() + rest.size() > kLongestLine) flush();
    if (rest.size() > kLongestLine) {
        platform_.write_console(as_bytes(rest));
    } else {
        line_ << rest;
    }
}

void Console::flush() noexcept {
    if (line_.text().empty()) return;
    platform_.write_console(as_bytes(line_.text()));
    line_.clear();
}

}  // namespace holm

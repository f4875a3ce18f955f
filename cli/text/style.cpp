#include "cli/text/style.h"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text/format.h"

namespace holm::cli {

Style::Style() {
    const char* terminal = std::getenv("TERM");
    coloured_ = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
                std::string_view(terminal) != "dumb";
}

std::string Style::wrap(std::string_view code, std::string_view text) const {
    if (!coloured_) return std::string(text);
    return formatted("\x1b[{}m{}\x1b[0m", code, text);
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\x1b') {
            at = std::min(text.find('m', at), text.size());
        } else if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) {
            ++columns;  // further bytes of the same character begin with the bits 10
        }
    }
    return columns;
}

std::size_t terminal_columns() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string human_size(std::uint64_t bytes) {
    if (bytes < 1024) return formatted("{} B", bytes);
    const double kilo = static_cast<double>(bytes) / 1024;
    if (kilo < 1024) return formatted("{:.1f} KB", kilo);
    if (kilo < 1024 * 1024) return formatted("{:.1f} MB", kilo / 1024);
    return formatted("{:.1f} GB", kilo / (1024 * 1024));
}

}  // namespace holm::cli

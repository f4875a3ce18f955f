#include "cli/topology/logs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/claim.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// The topology of a file such as "poc+web-1.log" or "poc+web-1.log.1"; "": it is none's.
std::string topology_of(const fs::path& file) {
    const std::string name = file.filename().string();
    const std::size_t plus = name.find('+');
    return name.contains(".log") && plus != std::string::npos ? name.substr(0, plus) : "";
}

}  // namespace

std::string topology_log_name(std::string_view topology, std::string_view service) {
    return formatted("{}+{}", topology, service);
}

bool is_log_of(std::string_view log_name, std::string_view what) {
    const std::size_t plus = log_name.find('+');
    if (plus == std::string_view::npos) return log_name == what;
    const std::string_view topology = log_name.substr(0, plus), service = log_name.substr(plus + 1);
    if (service.empty()) return topology == what;
    return service == what || formatted("{}-{}", topology, service) == what;
}

std::set<std::string> topologies_with_logs() {
    std::set<std::string> names;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error))
        names.insert(topology_of(i->path()));
    names.erase("");
    return names;
}

void remove_topology_logs(const std::string& topology) {
    auto claim = TopologyClaim::take(topology);
    if (!claim) return;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error)) {
        std::error_code unused;
        if (topology_of(i->path()) == topology) fs::remove(i->path(), unused);
    }
}

std::string last_words(const fs::path& log) {
    constexpr std::size_t kLines = 8, kLongestLine = 500;
    std::ifstream file(log, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::size_t start = text.size();
    for (std::size_t lines = 0; start > 0 && lines <= kLines; ++lines) {
        const std::size_t newline = text.rfind('\n', start - 1);
        if (newline == std::string::npos) {
            start = 0;
            break;
        }
        if (lines == kLines) break;
        start = newline;
    }
    std::string words;
    for (std::size_t at = start; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (end > at)
            words +=
                formatted("    | {}\n", printable(std::string_view(text).substr(at, end - at), kLongestLine));
        at = end + 1;
    }
    return words;
}

}  // namespace holm::cli

#include "cli/debug/debugger.h"

#include <fstream>
#include <iterator>

#include "base/bytes.h"
#include "cli/failure.h"
#include "cli/inspect/inspection.h"
#include "cli/places.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

std::string build_id_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    return find_build_id(as_bytes(bytes));
}

fs::path symbols_of(const fs::path& image) {
    fs::path symbols = image;
    symbols += ".debug";
    if (!fs::exists(symbols)) {
        fail_with("the symbols of {} are not beside it: {} is missing; holm build writes both",
                  image.filename().string(), quote(symbols.string()));
    }
    if (build_id_of(image) != build_id_of(symbols)) {
        fail_with("{} belongs to another build of {}; build it again", quote(symbols.string()),
                  image.filename().string());
    }
    return symbols;
}

// A word of a gdb command line.
std::string quoted(const fs::path& path) {
    std::string text = "\"";
    for (const char c : path.string()) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text + "\"";
}

}  // namespace

DebugFiles find_debug_files(const fs::path& image) {
    const auto gdb = find_on_path("gdb");
    if (!gdb) fail_with("holm gdb needs the program gdb, which is not installed; on Debian: apt install gdb");
    DebugFiles files{
        .gdb = *gdb, .script = own_file("gdb/holm_gdb.py"), .symbols = symbols_of(image), .sources = {}};
    // build/images/NAME lies in the project that it was built from; Holm's own sources have names of the
    // tree.
    const fs::path project = fs::absolute(image).parent_path().parent_path().parent_path();
    if (!project.empty()) files.sources.push_back(project);
    if (const auto root = source_tree(); root && *root != project) files.sources.push_back(*root);
    return files;
}

std::vector<std::string> gdb_command(const DebugTarget& target, const DebugFiles& files,
                                     const std::vector<std::string>& own) {
    std::vector<std::string> words = {files.gdb.string(), "-q"};
    const auto first = [&](const std::string& command) { words.insert(words.end(), {"-iex", command}); };
    const auto then = [&](const std::string& command) { words.insert(words.end(), {"-ex", command}); };
    first("set debuginfod enabled off");
    // Of a live process gdb would take the program for the one that was executed: the tender.
    first("set exec-file-mismatch off");
    for (const fs::path& folder : files.sources) first("directory " + quoted(folder));
    if (!target.core.empty()) words.insert(words.end(), {"-core", target.core});
    words.insert(words.end(), {"-x", files.script.string()});
    if (target.process != 0) then(formatted("attach {}", target.process));
    if (!target.socket.empty()) then("target remote " + target.socket);
    then("holm symbols " + quoted(files.symbols));
    if (target.stopped) then("holm start");
    words.insert(words.end(), own.begin(), own.end());
    return words;
}

}  // namespace holm::cli

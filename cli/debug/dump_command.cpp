// holm dump: a core file of a running instance.

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/debug/debugger.h"
#include "cli/debug/live_core.h"
#include "cli/failure.h"
#include "cli/process/run_program.h"
#include "cli/qemu/core_by_gdb.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/style.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// A virtual machine that lets a debugger in: gdb reads its memory, and the machine goes on.
void dump_through_gdb(const InstanceRecord& record, const std::string& socket, const std::string& path) {
    if (socket.empty()) {
        fail_with(
            "a core of {} can be had only if it was started with --dump FILE or --gdb SOCKET: its tender "
            "opens "
            "no file later",
            record.name);
    }
    const DebugTarget target{.process = 0, .socket = socket, .core = {}};
    const std::string command = formatted("holm core \"{}\"", path);
    const int status = run_program(
        gdb_command(target, find_debug_files(record.image), {"-batch", "-ex", command, "-ex", "detach"}));
    if (status != 0) fail_with("gdb could not write {}", quote(path));
}

void dump(const std::string& what, const std::string& path) {
    const InstanceRecord record = find_instance(what);
    if (!record.dump.empty()) {
        if (!path.empty() && fs::absolute(path) != fs::path(record.dump)) {
            fail_with("{} was started with --dump: its core file is {}", record.name, quote(record.dump));
        }
        if (record.runs_under == "qemu")
            dump_through_gdb(record, core_socket_of(record.tender), record.dump);
        else
            ask_for_core(record);
        print_line("{}: written; holm gdb --core {} {} opens it", record.dump, record.dump, record.image);
        return;
    }
    if (path.empty()) throw Failure("which file? holm dump INSTANCE FILE", 2);
    if (record.runs_under != "process") return dump_through_gdb(record, record.gdb_socket, path);
    const tender::CoreSize size = write_live_core(record, path);
    print_line("{}: {}{}; holm gdb --core {} {} opens it", path, human_size(size.written),
               size.complete ? "" : " and not all of it: the bound is 8 GiB", path, record.image);
}

}  // namespace

void add_dump(CommandLine& line) {
    struct Options {
        std::string what;
        std::string path;
    };
    const auto options = std::make_shared<Options>();
    line.add_command("dump", "Write a core file of a running instance, which goes on")
        .positional("INSTANCE", options->what, "Its name, or its number in holm ps")
        .positional("FILE", options->path,
                    "Where to; the file of --dump if the instance was started with that", false)
        .action([options] {
            dump(options->what, options->path);
            return 0;
        });
}

}  // namespace holm::cli

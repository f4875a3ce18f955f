#include "cli/qemu/core_by_gdb.h"

#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/run_program.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "tender/debug/core_file.h"

namespace holm::cli {

std::string core_socket_of(pid_t tender) {
    return (instance_folder() / formatted("{}.core-gdb", tender)).string();
}

CoreByGdb::CoreByGdb(const std::filesystem::path& image, const char* file)
    : files_(find_debug_files(image)), file_(file), socket_(core_socket_of(getpid())) {
    const auto opened = tender::open_core_file(file);
    if (!opened) throw Failure(std::string(opened.error().view()));
    close(*opened);
}

CoreByGdb::~CoreByGdb() {
    unlink(socket_.c_str());
}

void CoreByGdb::write() const noexcept {
    try {
        const DebugTarget target{.process = 0, .socket = socket_, .core = {}};
        const ProgramResult result = run_captured(
            gdb_command(target, files_, {"-batch", "-ex", formatted("holm core --ended \"{}\"", file_)}));
        const std::size_t at = result.output.find(file_ + ": ");
        const std::string_view said = at == std::string::npos
                                          ? std::string_view()
                                          : std::string_view(result.output).substr(at + file_.size() + 2);
        const std::string_view size = said.substr(0, said.find('\n'));
        if (size.ends_with(" KB")) {
            print_line(stderr, "holm-qemu: core file {}, {}; holm gdb --core opens it", file_, size);
            return;
        }
        print_line(stderr, "holm-qemu: the core file {} could not be written: {}", file_,
                   size.empty() ? std::string_view(result.output) : size);
    } catch (const std::exception& error) {
        print_line(stderr, "holm-qemu: the core file {} could not be written: {}", file_, error.what());
    }
    // An empty one says that there is none.
    [[maybe_unused]] const int cut = truncate(file_.c_str(), 0);
}

}  // namespace holm::cli

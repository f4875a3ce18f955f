// holm: the command line. What it can do lies in the folders beside this file, a file a command.

#include <algorithm>
#include <cstdio>
#include <exception>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/text/format.h"

namespace {

using namespace holm::cli;

// Words behind "--" are somebody else's, whatever they look like: the service's, or gdb's.
std::vector<std::string> take_words_behind(std::vector<std::string>& words) {
    const auto separator = std::ranges::find(words, "--");
    if (separator == words.end() || words[0] == "exec") return {};  // exec passes on all of its words
    if (words[0] != "run" && words[0] != "gdb")
        throw Failure("words behind \"--\" are for holm run and holm gdb only", 2);
    std::vector<std::string> tail(separator + 1, words.end());
    words.erase(separator, words.end());
    return tail;
}

// Whoever closed one of them (>&-) would have the first file that is opened take its place, and what is
// printed.
void open_standard_descriptors() {
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(number, F_GETFD) < 0) open("/dev/null", O_RDWR);  // takes the lowest number that is free
    }
}

int run(std::vector<std::string> words) {
    const std::vector<std::string> words_behind = take_words_behind(words);
    CommandLine line("holm", "Holm builds C++ services into small sealed images and runs them.",
                     HOLM_VERSION);
    add_demo(line);
    add_new(line);
    add_build(line);
    add_run(line, words_behind);
    add_inspect(line);
    add_up(line);
    add_down(line);
    add_exec(line);
    add_ps(line);
    add_logs(line);
    add_stop(line);
    add_restart(line);
    add_gdb(line, words_behind);
    add_dump(line);
    add_selftest(line);
    add_doctor(line);
    add_dispatches(line);
    return line.run(std::move(words));
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_descriptors();
    try {
        return run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
    } catch (const Failure& failure) {
        print_line(stderr, "holm: {}", failure.what());
        return failure.status();
    } catch (const std::exception& error) {
        print_line(stderr, "holm: {}", error.what());
        return 1;
    }
}

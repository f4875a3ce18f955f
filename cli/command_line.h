#pragma once

// How a command says what it takes. A thin layer over CLI11, which is slow to compile, so that one file
// includes it.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holm::cli {

// One command and its options. The variables are filled before the action runs; they live as long as the
// command line.
class Command {
  public:
    Command& positional(std::string_view name, std::string& value, std::string_view help,
                        bool required = true);
    // One or more words.
    Command& positionals(std::string_view name, std::vector<std::string>& values, std::string_view help);
    Command& option(std::string_view names, std::string& value, std::string_view help);
    // May be given several times.
    Command& list(std::string_view names, std::vector<std::string>& values, std::string_view help);
    Command& flag(std::string_view names, bool& value, std::string_view help);
    // Only these values for the option or positional that was added last.
    Command& one_of(std::vector<std::string> values);
    // All words that follow, options included, go to `words`; the command has no options of its own.
    Command& everything(std::vector<std::string>& words);
    // Printed below the options in --help.
    Command& footer(std::string_view text);
    Command& action(std::function<int()> run);  // returns the exit status

  private:
    friend class CommandLine;
    struct Parts;
    explicit Command(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;

  public:
    Command(Command&&) noexcept;
    ~Command();
};

class CommandLine {
  public:
    CommandLine(std::string_view program, std::string_view summary, std::string_view version);
    ~CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    Command& add_command(std::string_view name, std::string_view summary);
    // The program itself, when it has no commands.
    Command& whole_program();

    // Parses and runs. A mistake in `words` is said on standard error, with status 2.
    int run(std::vector<std::string> words);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace holm::cli

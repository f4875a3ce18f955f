#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>

#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {
constexpr int kUsageError = 2;
}

struct Command::Parts {
    CLI::App* app = nullptr;
    CLI::Option* last = nullptr;
    int* status = nullptr;
    std::vector<std::string>* everything = nullptr;
};

Command::Command(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Command::Command(Command&&) noexcept = default;
Command::~Command() = default;

Command& Command::positional(std::string_view name, std::string& value, std::string_view help,
                             bool required) {
    parts_->last = parts_->app->add_option(std::string(name), value, std::string(help))->required(required);
    return *this;
}

Command& Command::positionals(std::string_view name, std::vector<std::string>& values,
                              std::string_view help) {
    parts_->last = parts_->app->add_option(std::string(name), values, std::string(help))->required();
    return *this;
}

Command& Command::option(std::string_view names, std::string& value, std::string_view help) {
    parts_->last = parts_->app->add_option(std::string(names), value, std::string(help));
    return *this;
}

Command& Command::list(std::string_view names, std::vector<std::string>& values, std::string_view help) {
    parts_->last =
        parts_->app->add_option(std::string(names), values, std::string(help))->allow_extra_args(false);
    return *this;
}

Command& Command::flag(std::string_view names, bool& value, std::string_view help) {
    parts_->last = parts_->app->add_flag(std::string(names), value, std::string(help));
    return *this;
}

Command& Command::one_of(std::vector<std::string> values) {
    const auto check = [values = std::move(values)](const std::string& value) {
        if (std::ranges::contains(values, value)) return std::string();
        const std::vector<std::string_view> views(values.begin(), values.end());
        return formatted("{} is not known; allowed: {}", quote(value), join(views));
    };
    parts_->last->check(check, "");
    return *this;
}

Command& Command::everything(std::vector<std::string>& words) {
    parts_->app->prefix_command();
    parts_->app->set_help_flag();
    parts_->everything = &words;
    return *this;
}

Command& Command::footer(std::string_view text) {
    parts_->app->footer(std::string(text));
    return *this;
}

Command& Command::action(std::function<int()> run) {
    parts_->app->callback([parts = parts_.get(), run = std::move(run)] {
        if (parts->everything != nullptr) *parts->everything = parts->app->remaining();
        *parts->status = run();
    });
    return *this;
}

struct CommandLine::Parts {
    CLI::App app;
    std::deque<Command> commands;  // references to them stay valid
    std::vector<std::string> names;
    int status = 0;

    // CLI11 would call a mistyped command an unexpected argument.
    bool knows_command(const std::string& word) const {
        if (names.empty() || word.starts_with('-') || std::ranges::contains(names, word)) return true;
        const std::vector<std::string_view> views(names.begin(), names.end());
        const std::string_view near = nearest(word, views);
        print_line(stderr, "{}: unknown command {}{}; allowed: {}", app.get_name(), quote(word),
                   near.empty() ? "" : formatted(", did you mean \"{}\"?", near), join(views));
        return false;
    }
};

CommandLine::CommandLine(std::string_view program, std::string_view summary, std::string_view version)
    : parts_(std::make_unique<Parts>()) {
    CLI::App& app = parts_->app;
    app.name(std::string(program));
    app.description(std::string(summary));
    app.set_version_flag("--version", std::string(program) + " " + std::string(version));
    app.require_subcommand(0, 1);
    app.get_formatter()->column_width(34);
}

CommandLine::~CommandLine() = default;

Command& CommandLine::add_command(std::string_view name, std::string_view summary) {
    auto command = std::make_unique<Command::Parts>();
    command->app = parts_->app.add_subcommand(std::string(name), std::string(summary));
    command->status = &parts_->status;
    parts_->names.emplace_back(name);
    return parts_->commands.emplace_back(Command(std::move(command)));
}

Command& CommandLine::whole_program() {
    auto command = std::make_unique<Command::Parts>();
    command->app = &parts_->app;
    command->status = &parts_->status;
    return parts_->commands.emplace_back(Command(std::move(command)));
}

int CommandLine::run(std::vector<std::string> words) {
    CLI::App& app = parts_->app;
    if (words.empty()) words = {"--help"};
    if (!parts_->knows_command(words[0])) return kUsageError;
    const std::string command = parts_->names.empty() || words[0].starts_with('-') ? "" : words[0] + " ";
    std::ranges::reverse(words);  // CLI11 takes them from the back
    try {
        app.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        print_line(stderr, "{0}: {1}; {0} {2}--help says what is allowed", app.get_name(), error.what(),
                   command);
        return kUsageError;
    }
    return parts_->status;
}

}  // namespace holm::cli

#include "cli/selftest/outcome.h"

#include <csignal>
#include <set>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

constexpr int kPanicStatus = 134;    // of the library OS
constexpr int kRefusedStatus = 125;  // of the tenders and of holm run
constexpr int kSignalBase = 128;

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// The last line that says something: a tender's own sentence stands there.
std::string_view last_line(std::string_view output) {
    std::string_view last;
    while (!output.empty()) {
        const std::size_t newline = output.find('\n');
        if (const std::string_view line = trimmed(output.substr(0, newline)); !line.empty()) last = line;
        output.remove_prefix(newline == std::string_view::npos ? output.size() : newline + 1);
    }
    return last;
}

std::string describe_panic(std::string_view what) {
    // The processor does not say more: no address stands for a general protection fault.
    if (what == "cannot read an address") return "panic: the processor refused it (general protection fault)";
    return formatted("panic: {}", what);
}

std::string describe_end(const Ending& ending) {
    if (!ending.in_time) return "the instance still ran when time was up, and was killed";
    if (const std::string_view what = line_behind(ending.output, "what"); !what.empty())
        return describe_panic(what);
    if (ending.status == kSignalBase + SIGSYS) return "the kernel killed the instance: the filter forbids it";
    const std::string_view last = last_line(ending.output);
    if (ending.status > kSignalBase && last.starts_with("trying:"))
        return formatted("the instance was ended by signal {}", ending.status - kSignalBase);
    return formatted("status {}: {}", ending.status, last);
}

}  // namespace

std::string_view line_behind(std::string_view output, std::string_view name) {
    while (!output.empty()) {
        const std::size_t newline = output.find('\n');
        const std::string_view line = output.substr(0, newline);
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ')
            return trimmed(line.substr(name.size()));
        output.remove_prefix(newline == std::string_view::npos ? output.size() : newline + 1);
    }
    return {};
}

Outcome judge(const Check& check, const Ending& ending) {
    Outcome outcome;
    outcome.tried = line_behind(ending.output, "trying:");
    if (outcome.tried.empty()) {
        outcome.happened = "it was not tried: " + describe_end(ending);
        return outcome;
    }
    const bool survived = ending.output.contains("\nsurvived");
    if (check.expectation == Expectation::kRefused) {
        const std::string_view refusal = line_behind(ending.output, "refused:");
        outcome.passed = ending.in_time && ending.status == 0 && !refusal.empty();
        outcome.happened = outcome.passed ? std::string(refusal)
                           : survived     ? "it was allowed"
                                          : describe_end(ending);
        return outcome;
    }
    outcome.passed = ending.in_time && !survived && ending.status != 0 &&
                     (check.expectation == Expectation::kStopped || ending.status == kPanicStatus);
    outcome.happened = survived ? "nothing stopped it" : describe_end(ending);
    return outcome;
}

Outcome judge_values(const std::vector<Ending>& endings) {
    Outcome outcome;
    std::set<std::string_view> values;
    for (const Ending& ending : endings) {
        const std::string_view value = line_behind(ending.output, "value");
        if (!ending.in_time || ending.status != 0 || value.empty()) {
            outcome.tried = line_behind(ending.output, "trying:");
            outcome.happened = "a start failed: " + describe_end(ending);
            return outcome;
        }
        values.insert(value);
    }
    outcome.tried = line_behind(endings.front().output, "trying:");
    outcome.passed = endings.size() > 1 && values.size() == endings.size();
    outcome.happened = formatted("{} different in {} starts, such as {}", values.size(), endings.size(),
                                 line_behind(endings.front().output, "value"));
    return outcome;
}

Outcome judge_refusal(std::string_view attempt, const Ending& ending) {
    const bool ran = ending.output.contains("trying:") || ending.output.contains("survived");
    return {.passed = ending.in_time && ending.status == kRefusedStatus && !ran,
            .tried = std::string(attempt),
            .happened = ran ? "it ran" : std::string(last_line(ending.output))};
}

}  // namespace holm::cli

// holm selftest: what protects, tried one by one.

#include <format>
#include <memory>
#include <print>
#include <vector>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/run/run_options.h"
#include "cli/selftest/checks.h"
#include "cli/selftest/instance_run.h"
#include "cli/selftest/outside.h"
#include "cli/selftest/report.h"
#include "cli/selftest/spoiled_image.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kStarts = 6;  // for what must differ

struct SelftestOptions {
    std::string tender = "process";
    std::string only;
    bool json = false;
};

class Selftest {
  public:
    Selftest(fs::path image, const SelftestOptions& options)
        : image_(std::move(image)), tender_(options.tender), spoiled_(image_) {}

    Outcome run(const Check& check) {
        switch (check.expectation) {
            case Expectation::kPanic:
            case Expectation::kStopped:
            case Expectation::kRefused:
                return judge(check, start(check.name));
            case Expectation::kDiffers:
                return compare_starts(check);
            case Expectation::kNoStart:
                return try_to_start(check.name);
            case Expectation::kOutside:
                return look_from_outside(check.name);
        }
        return {};
    }

  private:
    std::vector<std::string> command(const fs::path& image, std::string_view what,
                                     const std::vector<std::string>& net = {}) const {
        RunOptions options;
        options.image = image.string();
        options.tender = tender_;
        options.net = net;
        options.arguments = {std::string(what)};
        RunPlan plan;
        plan.image = image;
        plan.grace = std::chrono::seconds(5);
        return tender_command(options, plan, "");
    }

    // A stock VMM may have to emulate the processor.
    std::chrono::seconds patience() const { return std::chrono::seconds(tender_ == "qemu" ? 120 : 30); }

    Ending start(std::string_view what) const { return run_to_ending(command(image_, what), patience()); }

    Outcome compare_starts(const Check& check) const {
        std::vector<Ending> endings;
        for (int i = 0; i < kStarts; ++i) endings.push_back(start(check.name));
        return judge_values(endings);
    }

    Outcome try_to_start(std::string_view name) const {
        const auto refused = [&](std::string_view attempt, const std::vector<std::string>& words) {
            Outcome outcome = judge_refusal(attempt, run_to_ending(words, patience()));
            const std::string folder = spoiled_.folder().string() + "/";
            if (const std::size_t at = outcome.happened.find(folder); at != std::string::npos)
                outcome.happened.erase(at, folder.size());
            return outcome;
        };
        if (name == "undeclared-device")
            return refused("start with --net stray=stream:3",
                           command(image_, "image-base", {"stray=stream:3"}));
        if (name == "writable-code")
            return refused("start a copy whose code segment is writable",
                           command(spoiled_.writable_code(), "image-base"));
        if (name == "executable-stack")
            return refused("start a copy that asks for an executable stack",
                           command(spoiled_.executable_stack(), "image-base"));
        if (name == "truncated")
            return refused("start a copy of half the length", command(spoiled_.truncated(), "image-base"));
        constexpr std::string_view kAttempt = "execute the file itself";
        try {
            return refused(kAttempt, {image_.string(), "image-base"});
        } catch (const Failure& failure) {
            return {.passed = true, .tried = std::string(kAttempt), .happened = failure.what()};
        }
    }

    Outcome look_from_outside(std::string_view name) const {
        const WaitingInstance instance(command(image_, "wait"), "waiting\n", patience());
        return name == "rights" ? examine_rights(instance.pid()) : examine_mappings(instance.pid());
    }

    fs::path image_;
    std::string tender_;
    SpoiledImages spoiled_;
};

int selftest(const SelftestOptions& options) {
    const fs::path image = own_image("selftest");
    Selftest test(image, options);
    const auto report = options.json ? make_json_report(options.tender) : make_text_report(options.tender);
    bool found = false;
    for (const Check& check : all_checks()) {
        if (!runs_on(check, options.tender)) continue;
        if (!options.only.empty() && check.name != options.only && check.area != options.only) continue;
        found = true;
        report->add(check, test.run(check));
    }
    if (!found) fail_with("no check of the {} tender is called {}", options.tender, quote(options.only));
    return report->finish() ? 0 : 1;
}

}  // namespace

void add_selftest(CommandLine& line) {
    const auto options = std::make_shared<SelftestOptions>();
    line.add_command("selftest", "Try to break the protections of an image, and say what happened")
        .positional("CHECK", options->only, "Only this check, or the checks of this area", false)
        .option("--tender", options->tender, "What runs the image (default: process)")
        .one_of({"process", "vm", "qemu"})
        .flag("--json", options->json, "One JSON object instead of a table")
        .footer("Each check is an instance of its own. The exit status is 0 if all held, and 1 otherwise.")
        .action([options] { return selftest(*options); });
}

}  // namespace holm::cli

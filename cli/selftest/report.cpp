#include "cli/selftest/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <print>

#include "cli/text/style.h"

namespace holm::cli {
namespace {

class TextReport final : public SelftestReport {
  public:
    explicit TextReport(std::string_view tender) {
        std::println("protections of an image under the {} tender", tender);
    }

    void add(const Check& check, const Outcome& outcome) override {
        if (check.area != area_) std::println("\n{}", style_.bold(check.area));
        area_ = check.area;
        ++(outcome.passed ? passed_ : failed_);
        std::println("  {} {}", outcome.passed ? style_.good("pass") : style_.bad("FAIL"), check.title);
        std::println("       {}", style_.dim("tried:    " + outcome.tried));
        std::println("       {}", style_.dim("happened: " + outcome.happened));
        std::fflush(stdout);
    }

    bool finish() override {
        std::println("\n{} passed, {} failed", passed_, failed_);
        return failed_ == 0;
    }

  private:
    Style style_;
    std::string_view area_;
    int passed_ = 0;
    int failed_ = 0;
};

class JsonReport final : public SelftestReport {
  public:
    explicit JsonReport(std::string_view tender) : tender_(tender) {}

    void add(const Check& check, const Outcome& outcome) override {
        ++(outcome.passed ? passed_ : failed_);
        checks_.push_back({{"area", check.area},
                           {"name", check.name},
                           {"title", check.title},
                           {"tried", outcome.tried},
                           {"happened", outcome.happened},
                           {"passed", outcome.passed}});
    }

    bool finish() override {
        const Json all = {
            {"tender", tender_}, {"passed", passed_}, {"failed", failed_}, {"checks", std::move(checks_)}};
        // What an instance printed may be no UTF-8.
        std::println("{}", all.dump(2, ' ', false, Json::error_handler_t::replace));
        return failed_ == 0;
    }

  private:
    using Json = nlohmann::ordered_json;
    std::string tender_;
    Json checks_ = Json::array();
    int passed_ = 0;
    int failed_ = 0;
};

}  // namespace

std::unique_ptr<SelftestReport> make_text_report(std::string_view tender) {
    return std::make_unique<TextReport>(tender);
}

std::unique_ptr<SelftestReport> make_json_report(std::string_view tender) {
    return std::make_unique<JsonReport>(tender);
}

}  // namespace holm::cli

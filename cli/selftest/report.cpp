#include "cli/selftest/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/text/format.h"
#include "cli/text/style.h"

namespace holm::cli {
namespace {

class TextReport final : public SelftestReport {
  public:
    explicit TextReport(std::string_view tender) {
        print_line("protections of an image under the {} tender", tender);
    }

    void add(const Check& check, const Outcome& outcome) override {
        if (check.area != area_) print_line("\n{}", style_.bold(check.area));
        area_ = check.area;
        ++(outcome.passed ? passed_ : failed_);
        print_line("  {} {}", outcome.passed ? style_.good("pass") : style_.bad("FAIL"), check.title);
        print_line("       {}", style_.dim("tried:    " + outcome.tried));
        print_line("       {}", style_.dim("happened: " + outcome.happened));
        std::fflush(stdout);
    }

    bool finish() override {
        print_line("\n{} passed, {} failed", passed_, failed_);
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
        print_line("{}", all.dump(2, ' ', false, Json::error_handler_t::replace));
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

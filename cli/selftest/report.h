#pragma once

// How the self-test is shown.

#include <memory>
#include <string_view>

#include "cli/selftest/outcome.h"

namespace holm::cli {

class SelftestReport {
  public:
    virtual ~SelftestReport() = default;
    virtual void add(const Check& check, const Outcome& outcome) = 0;
    // The end; true if every check passed.
    virtual bool finish() = 0;
};

// A line a check as soon as it is done.
std::unique_ptr<SelftestReport> make_text_report(std::string_view tender);
// All of it at the end.
std::unique_ptr<SelftestReport> make_json_report(std::string_view tender);

}  // namespace holm::cli

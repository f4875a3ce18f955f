#pragma once

#include <format>
#include <stdexcept>
#include <string>

#include "cli/text/format.h"

namespace holm::cli {

// Why a command cannot do what it was asked to: one sentence, printed behind "holm: ". Thrown by anything
// below a command.
class Failure : public std::runtime_error {
  public:
    explicit Failure(const std::string& sentence, int status = 1)
        : std::runtime_error(sentence), status_(status) {}
    int status() const { return status_; }  // exit status of holm

  private:
    int status_;
};

template <typename... Values>
[[noreturn]] void fail_with(std::format_string<Values...> format, Values&&... values) {
    throw Failure(formatted(format, std::forward<Values>(values)...));
}

}  // namespace holm::cli

#include "cli/settings/mistake.h"

#include <algorithm>
#include <tuple>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

constexpr std::size_t kMostMistakes = 20;

}  // namespace

Mistakes in_order(Mistakes mistakes) {
    std::ranges::stable_sort(mistakes, {}, [](const Mistake& mistake) {
        return std::tuple(mistake.where.line, mistake.where.column);
    });
    if (mistakes.size() > kMostMistakes) mistakes.resize(kMostMistakes);
    return mistakes;
}

std::string format_mistake(std::string_view file, const Mistake& mistake) {
    if (mistake.where.line == 0) return formatted("{}: {}", file, mistake.text);
    return formatted("{}:{}:{}: {}", file, mistake.where.line, mistake.where.column, mistake.text);
}

}  // namespace holm::cli

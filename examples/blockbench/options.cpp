#include "options.h"

#include <charconv>
#include <format>
#include <string_view>
#include <utility>

namespace {

constexpr std::uint64_t kLargestBlock = 16 << 20;
constexpr std::uint64_t kMostDepth = 1024;

constexpr std::pair<std::string_view, Mode> kModes[] = {
    {"read", Mode::kRead},           {"write", Mode::kWrite},
    {"randread", Mode::kRandomRead}, {"randwrite", Mode::kRandomWrite},
    {"fill", Mode::kFill},           {"check", Mode::kCheck},
    {"verify", Mode::kVerify},       {"discard", Mode::kDiscard},
};

// Digits, and K or M behind them.
std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view unit(end, text.data() + text.size());
    const int shift = unit == "K" ? 10 : unit == "M" ? 20 : 0;
    if (shift == 0 && !unit.empty()) return std::nullopt;
    if (value > (~std::uint64_t{0} >> shift)) return std::nullopt;
    return value << shift;
}

}  // namespace

std::optional<std::string> parse(std::span<const char* const> words, Options& options) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i];
        bool known = false;
        for (const auto& [name, mode] : kModes) {
            if (word != name) continue;
            options.mode = mode;
            known = true;
        }
        if (known) continue;
        if (i + 1 == words.size()) return std::format("'{}' is no mode, and no option with a value", word);
        const auto value = number_of(words[++i]);
        if (!value || *value == 0) return std::format("{} {}: not a number above 0", word, words[i]);
        if (word == "--size")
            options.block_size = *value;
        else if (word == "--depth")
            options.depth = *value;
        else if (word == "--seconds")
            options.seconds = *value;
        else if (word == "--count")
            options.count = *value;
        else if (word == "--seed")
            options.seed = *value;
        else
            return std::format("unknown option '{}'", word);
    }
    if (options.block_size > kLargestBlock) return "--size is more than 16M";
    if (options.depth > kMostDepth) return "--depth is more than 1024";
    return std::nullopt;
}

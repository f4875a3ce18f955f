#include "kernel/platform/virtio/command_line.h"

#include <algorithm>
#include <optional>

#include "base/result.h"
#include "kernel/platform/virtio/words.h"

namespace holm::platform {
namespace {

constexpr std::string_view kMmioDevice = "virtio_mmio.device=";
constexpr std::uint64_t kHighestAddress = (std::uint64_t{1} << 52) - 1;
constexpr std::uint64_t kLongestGrace = 24ull * 60 * 60 * 1000;

using Mistake = CommandLine::Mistake;
using Outcome = CommandLine::Outcome;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Takes words off a text, writing each over its own beginning without quotes and escapes.
class Words {
  public:
    explicit Words(std::span<char> text) : text_(text) {}

    struct Word {
        std::string_view text;
        bool quoted;
    };
    std::expected<std::optional<Word>, Mistake> next() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        if (at_ == text_.size()) return std::nullopt;
        char* const begin = text_.data() + at_;
        char* end = begin;
        bool inside = false;
        bool quoted = false;
        for (; at_ < text_.size() && (inside || !is_blank(text_[at_])); ++at_) {
            if (text_[at_] == '"') {
                inside = !inside;
                quoted = true;
                continue;
            }
            if (inside && text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            *end++ = text_[at_];
        }
        const std::string_view word(begin, static_cast<std::size_t>(end - begin));
        if (inside) return wrong("quotes that do not end", word);
        return Word{word, quoted};
    }

  private:
    std::span<char> text_;
    std::size_t at_ = 0;
};

Outcome add(StringRun& run, std::string_view text) {
    if (run.room.size() - run.size <= text.size()) return wrong("no room for it", text);
    std::ranges::copy(text, run.room.data() + run.size);
    run.room[run.size + text.size()] = 0;
    run.size += static_cast<std::uint32_t>(text.size() + 1);
    ++run.count;
    return {};
}

}  // namespace

Outcome CommandLine::parse(std::span<char> text, NetworkWord* network_word) {
    Words words(text);
    bool service = false;  // from "--" on the words are the service's
    for (;;) {
        const auto word = TRY(words.next());
        if (!word) return {};
        if (!word->quoted && word->text.starts_with(kMmioDevice)) {
            TRY(take_mmio_device(word->text));
        } else if (service) {
            TRY(add(arguments, word->text));
        } else if (!word->quoted && word->text == "--") {
            service = true;
        } else if (word->text.starts_with("holm.")) {
            TRY(take_own(word->text, network_word));
        }
    }
}

Outcome CommandLine::take_own(std::string_view word, NetworkWord* network_word) {
    std::string_view value = word;
    const std::string_view key = cut(value, '=');
    if (key == "holm.quiet" && word == key) {
        quiet = true;
        return {};
    }
    if (key == "holm.mem") {
        const auto size = parse_size(value, HOLM_MEMORY_LIMIT);
        if (!size || *size == 0) return wrong("no size; expected holm.mem=64M and the like", word);
        memory = *size;
        return {};
    }
    if (key == "holm.grace") {
        const auto milliseconds = parse_number(value, kLongestGrace);
        if (!milliseconds) return wrong("no time; expected holm.grace=MILLISECONDS, at most a day", word);
        grace_ms = static_cast<std::uint32_t>(*milliseconds);
        return {};
    }
    if (key == "holm.console") {
        if (value != "serial" && value != "virtio")
            return wrong("no console; expected holm.console=serial or holm.console=virtio", word);
        console = value == "serial" ? Console::kSerial : Console::kVirtio;
        return {};
    }
    if (key == "holm.env") {
        if (value.find('=') == std::string_view::npos || value.starts_with('='))
            return wrong("no variable; expected holm.env=NAME=VALUE", word);
        return add(environment, value);
    }
    if (key == "holm.net") return network_word ? network_word(*this, word) : wrong(kUndeclaredNetwork, word);
    return wrong(
        "no word of ours; expected holm.mem= holm.env= holm.net= holm.grace= holm.console= holm.quiet", word);
}

// SIZE@ADDRESS:INTERRUPT[:ID], as Linux has it.
Outcome CommandLine::take_mmio_device(std::string_view word) {
    std::string_view rest = word.substr(kMmioDevice.size());
    const auto size = parse_size(cut(rest, '@'), 1 << 20);
    const auto address = parse_number(cut(rest, ':'), kHighestAddress);
    const auto interrupt = parse_number(cut(rest, ':'), 0xffff);
    if (!size || *size < 0x100 || !address || *address % 4 != 0 || !interrupt)
        return wrong("no device; expected virtio_mmio.device=SIZE@ADDRESS:INTERRUPT", word);
    if (mmio_device_count == kMaxMmioDevices) return wrong("more than 64 devices", word);
    mmio_devices[mmio_device_count++] = {*address, static_cast<std::uint32_t>(*size),
                                         static_cast<std::uint32_t>(*interrupt)};
    return {};
}

}  // namespace holm::platform

#include "cli/manifest/reader.h"

#include <algorithm>
#include <array>
#include <set>

#include "abi/embedded_files.h"
#include "cli/manifest/net_reader.h"
#include "cli/settings/accept.h"
#include "cli/settings/section.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;       // bytes of holm.toml
constexpr std::size_t kLargestStrings = 64 << 10;   // bytes of all arguments, and of the whole environment
constexpr std::uint64_t kSmallestStack = 16 << 10;  // abi/manifest.h
constexpr std::uint64_t kLargestStack = 64 << 20;

constexpr KeyHome kHomes[] = {{"name", "[image]"},         {"platforms", "[image]"}, {"arguments", "[image]"},
                              {"shuffle_seed", "[image]"}, {"minimum", "[memory]"},  {"default", "[memory]"},
                              {"stack", "[memory]"},       {"address", "[[net]]"},   {"gateway", "[[net]]"},
                              {"address6", "[[net]]"},     {"gateway6", "[[net]]"},  {"dns", "[[net]]"},
                              {"vlan", "[[net]]"},         {"from", "[[files]]"},    {"to", "[[files]]"}};

// Reads one file; a member function a section.
class Reader {
  public:
    Reader(Mistakes& mistakes, std::string_view build_name) : mistakes_(mistakes) {
        result_.name = build_name;
    }

    ImageDescription read(Section top) {
        if (auto section = top.table("image")) read_image(*section);
        if (auto section = top.table("memory")) read_memory(*section);
        if (auto section = top.table("environment")) read_environment(*section);
        for (Section& section : top.tables("net")) read_net(section);
        for (Section& section : top.tables("block")) read_block(section);
        for (Section& section : top.tables("files")) read_files(section);
        top.refuse_other_keys();
        if (result_.name.empty()) {
            top.mistake({1, 1}, "the image has no name; write name = \"hello\" under [image]");
        }
        return std::move(result_);
    }

  private:
    void mistake(Position where, std::string text) { mistakes_.push_back({where, std::move(text)}); }

    static std::string platform_names() {
        std::string names;
        for (const PlatformName& one : kPlatforms) names += (names.empty() ? "" : ", ") + quote(one.name);
        return names;
    }

    void take_platform(const Text& platform) {
        const auto* const known = std::ranges::find(kPlatforms, platform.value, &PlatformName::name);
        if (known != std::end(kPlatforms)) {
            result_.platforms |= 1u << known->platform;
            return;
        }
        mistake(platform.where,
                formatted("unknown platform {}; allowed: {}", quote(platform.value), platform_names()));
    }

    void read_image(Section& section) {
        const auto name_text = section.text("name", "\"hello\"");
        if (const auto name = accept(mistakes_, name_text, parse_name)) {
            if (!result_.name.empty() && result_.name != *name) {
                mistake(name_text->where, formatted("the image is named {} here, but the build calls it {}",
                                                    quote(*name), quote(result_.name)));
            }
            result_.name = *name;
        }
        if (const auto platforms = section.texts("platforms", "[\"process\"]")) {
            result_.platforms = 0;
            for (const Text& platform : *platforms) take_platform(platform);
            if (platforms->empty()) {
                mistake(section.where(),
                        formatted("platforms is empty, so the image would run nowhere; allowed: {}",
                                  platform_names()));
            }
        }
        if (const auto arguments = section.texts("arguments", "[\"--port\", \"80\"]")) {
            std::size_t size = 0;
            for (const Text& argument : *arguments) {
                result_.arguments.push_back(argument.value);
                size += argument.value.size() + 1;
                if (size > kLargestStrings) {
                    mistake(argument.where, "the arguments are longer than 64 KiB together");
                    break;
                }
            }
        }
        result_.shuffle_seed = section.number("shuffle_seed", 1, 0x7fffffff);
        section.refuse_other_keys();
    }

    void read_memory(Section& section) {
        const auto minimum = accept(mistakes_, section.text("minimum", "\"1M\""), parse_size);
        const auto by_default_text = section.text("default", "\"16M\"");
        const auto by_default = accept(mistakes_, by_default_text, parse_size);
        const auto stack_text = section.text("stack", "\"256K\"");
        const auto stack = accept(mistakes_, stack_text, parse_size);
        section.refuse_other_keys();

        if (minimum) result_.memory_minimum = *minimum;
        // An image that needs more than the usual default gets what it needs.
        result_.memory_default =
            by_default.value_or(std::max(result_.memory_default, result_.memory_minimum));
        if (result_.memory_default < result_.memory_minimum) {
            mistake(by_default_text->where,
                    formatted("default {} is less than minimum {}", quote(by_default_text->value),
                              quote(format_size(result_.memory_minimum))));
        }
        if (stack && (*stack < kSmallestStack || *stack > kLargestStack)) {
            mistake(stack_text->where,
                    formatted("stack is {}; allowed: \"16K\" to \"64M\"", quote(stack_text->value)));
        } else if (stack) {
            result_.stack_size = static_cast<std::uint32_t>(*stack);
        }
    }

    void read_environment(Section& section) {
        std::size_t size = 0;
        for (const Section::Entry& entry : section.entries()) {
            const std::string& name = entry.key.value;
            const bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                               name.find_first_not_of(
                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_") == std::string::npos;
            if (!plain) {
                mistake(entry.key.where, formatted("{} is not the name of a variable; allowed: letters, "
                                                   "digits and '_', not starting with a digit",
                                                   quote(name)));
                continue;
            }
            if (!entry.value) {
                mistake(entry.where,
                        formatted("the value of {} is not text; allowed: a string such as \"1\"", name));
                continue;
            }
            result_.environment.push_back(formatted("{}={}", name, entry.value->value));
            size += result_.environment.back().size() + 1;
            if (size > kLargestStrings) {
                mistake(entry.where, "the environment is longer than 64 KiB");
                break;
            }
        }
    }

    // The checked name of a device; reports a missing or a second one.
    std::string device_name(Section& section, std::string_view title) {
        const auto text = section.text("name", "\"lan\"");
        if (!text) {
            section.mistake(section.where(), formatted("{} has no name; write name = \"lan\"", title));
            return "";
        }
        const std::string name = accept(mistakes_, std::optional(*text), parse_name).value_or("");
        if (!name.empty() && !device_names_.insert(name).second) {
            mistake(text->where, formatted("a second device is named {}; names are unique", quote(name)));
        }
        if (device_names_.size() == HOLM_MAX_DEVICES + 1) {
            mistake(text->where, formatted("more than {} devices", HOLM_MAX_DEVICES));
        }
        return name;
    }

    void read_net(Section& section) {
        NetDevice device;
        device.name = device_name(section, "[[net]]");
        device.optional = section.boolean("optional").value_or(false);
        read_net_settings(section, device);
        section.refuse_other_keys();
        result_.net.push_back(std::move(device));
    }

    void read_block(Section& section) {
        BlockDevice device;
        device.name = device_name(section, "[[block]]");
        device.optional = section.boolean("optional").value_or(false);
        device.read_only = section.boolean("read_only").value_or(false);
        section.refuse_other_keys();
        result_.block.push_back(std::move(device));
    }

    void read_files(Section& section) {
        const auto from = section.text("from", "\"static\"");
        const auto to = section.text("to", "\"/static\"");
        section.refuse_other_keys();
        if (!from || !to) {
            if (!section.has("from") || !section.has("to")) {
                mistake(section.where(), "[[files]] needs both, from = \"static\" and to = \"/static\"");
            }
            return;
        }
        if (from->value.empty() || (from->value != "." && !is_inside(from->value))) {
            mistake(from->where,
                    formatted("from is {}; allowed: a path below the folder of holm.toml, without \"..\"",
                              quote(from->value)));
        }
        if (!to->value.starts_with('/') || !is_inside(std::string_view(to->value).substr(1))) {
            mistake(to->where,
                    formatted("to is {}; allowed: an absolute path such as \"/static\", without \".\", "
                              "\"..\" and \"//\"",
                              quote(to->value)));
            return;
        }
        FileRule rule{from->value, to->value.substr(1), to->value.ends_with('/'), from->where};
        while (rule.from.ends_with('/')) rule.from.pop_back();
        if (rule.to.ends_with('/')) rule.to.pop_back();
        result_.files.push_back(std::move(rule));
    }

    Mistakes& mistakes_;
    ImageDescription result_;
    std::set<std::string, std::less<>> device_names_;
};

}  // namespace

bool is_inside(std::string_view path) {
    if (path.empty()) return true;
    if (path.ends_with('/')) path.remove_suffix(1);
    while (true) {
        const std::size_t slash = path.find('/');
        const std::string_view component = path.substr(0, slash);
        if (component.empty() || component == "." || component == "..") return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

std::expected<ImageDescription, Mistakes> read_description(std::string_view text, std::string_view name) {
    if (text.size() > kLargestFile)
        return std::unexpected(Mistakes{{{1, 1}, "the file is larger than 1 MiB"}});
    const auto document = Document::parse(text);
    if (!document) return std::unexpected(Mistakes{document.error()});
    Mistakes mistakes;
    ImageDescription description = Reader(mistakes, name).read(document->top("holm.toml", mistakes, kHomes));
    if (mistakes.empty()) return description;
    return std::unexpected(in_order(std::move(mistakes)));
}

}  // namespace holm::cli

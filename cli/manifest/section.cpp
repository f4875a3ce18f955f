#include "cli/manifest/section.h"

#include <algorithm>
#include <format>

#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
        case toml::node_type::floating_point:
            return "a number";
        case toml::node_type::boolean:
            return "true or false";
        default:
            return "a date or a time";
    }
}

// Where a misplaced key belongs; people put `arguments` at the top and `stack` under [image].
constexpr struct {
    std::string_view key, home;
} kHomes[] = {{"name", "[image]"},         {"platforms", "[image]"}, {"arguments", "[image]"},
              {"shuffle_seed", "[image]"}, {"minimum", "[memory]"},  {"default", "[memory]"},
              {"stack", "[memory]"},       {"address", "[[net]]"},   {"gateway", "[[net]]"},
              {"dns", "[[net]]"},          {"from", "[[files]]"},    {"to", "[[files]]"}};

std::string_view home_of(std::string_view key) {
    for (const auto& candidate : kHomes) {
        if (candidate.key == key) return candidate.home;
    }
    return "";
}

}  // namespace

const toml::node* Section::find(std::string_view key) {
    known_.push_back(key);
    return table_.get(key);
}

void Section::wrong_type(const toml::node& node, std::string_view key, std::string_view allowed) {
    mistake(position_of(node.source()),
            std::format("{} of {} is {}; allowed: {}", key, title_, type_name(node), allowed));
}

std::optional<Text> Section::text(std::string_view key, std::string_view example) {
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* value = node->as_string()) {
        if (value->get().find('\0') == std::string::npos)
            return Text{value->get(), position_of(node->source())};
        mistake(position_of(node->source()), std::format("{} of {} contains a NUL character", key, title_));
        return std::nullopt;
    }
    wrong_type(*node, key, std::format("a string such as {}", example));
    return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* value = node->as_boolean()) return value->get();
    wrong_type(*node, key, "true, false");
    return std::nullopt;
}

std::optional<std::uint32_t> Section::number(std::string_view key, std::uint32_t low, std::uint32_t high) {
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const std::string allowed = std::format("a whole number from {} to {}", low, high);
    const auto* value = node->as_integer();
    if (value == nullptr) {
        wrong_type(*node, key, allowed);
        return std::nullopt;
    }
    if (value->get() < low || value->get() > high) {
        mistake(position_of(node->source()),
                std::format("{} of {} is {}; allowed: {}", key, title_, value->get(), allowed));
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(value->get());
}

std::optional<std::vector<Text>> Section::texts(std::string_view key, std::string_view example) {
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const std::string allowed = std::format("a list of strings such as {}", example);
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        wrong_type(*node, key, allowed);
        return std::nullopt;
    }
    std::vector<Text> values;
    for (const toml::node& element : *array) {
        const auto* value = element.as_string();
        if (value == nullptr) {
            mistake(position_of(element.source()),
                    std::format("{} of {} holds {}; allowed: {}", key, title_, type_name(element), allowed));
        } else if (value->get().find('\0') != std::string::npos) {
            mistake(position_of(element.source()),
                    std::format("{} of {} contains a NUL character", key, title_));
        } else {
            values.push_back({value->get(), position_of(element.source())});
        }
    }
    return values;
}

const toml::table* Section::table(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return nullptr;
    if (const toml::table* table = node->as_table()) return table;
    mistake(position_of(node->source()),
            node->is_array_of_tables()
                ? std::format("[[{0}]] is there once only; allowed: [{0}]", key)
                : std::format("{0} is {1}; allowed: a table [{0}]", key, type_name(*node)));
    return nullptr;
}

std::vector<const toml::table*> Section::tables(std::string_view key) {
    const toml::node* node = find(key);
    std::vector<const toml::table*> tables;
    if (node == nullptr) return tables;
    const toml::array* array = node->as_array();
    bool all_tables = array != nullptr;
    for (std::size_t i = 0; all_tables && i < array->size(); ++i) {
        tables.push_back(array->get(i)->as_table());
        all_tables = tables.back() != nullptr;
    }
    if (!all_tables) {
        tables.clear();
        mistake(position_of(node->source()),
                node->is_table() ? std::format("[{0}] takes a second pair of brackets; allowed: [[{0}]]", key)
                                 : std::format("{0} is {1}; allowed: tables [[{0}]]", key, type_name(*node)));
    }
    return tables;
}

void Section::refuse_other_keys() {
    std::ranges::sort(known_);
    for (const auto& [key, node] : table_) {
        const std::string_view name = key.str();
        if (std::ranges::binary_search(known_, name)) continue;
        std::string text = std::format("unknown key {} in {}", quote(name), title_);
        const std::string_view near = nearest(name, known_);
        const std::string_view home = home_of(name);
        if (!near.empty()) {
            text += std::format(", did you mean \"{}\"?", near);
        } else if (!home.empty()) {
            text += std::format(", it belongs in {}", home);
        }
        mistake(position_of(key.source()), std::format("{}; allowed: {}", text, join(known_)));
    }
}

}  // namespace holm::cli

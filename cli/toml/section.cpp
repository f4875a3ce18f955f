#include "cli/toml/section.h"

#include <algorithm>

#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"
#include "cli/toml/key_depth.h"
#include "cli/toml/library.h"

namespace holm::cli {

struct Section::Table {
    const toml::table& toml;
};
struct Section::Node {
    const toml::node* toml;  // null: no such key
};

namespace {

Position position_of(const toml::source_region& region) {
    return {static_cast<std::uint32_t>(region.begin.line), static_cast<std::uint32_t>(region.begin.column)};
}

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

}  // namespace

Section::Section(const Table& table, std::string title, Mistakes& mistakes, std::span<const KeyHome> homes)
    : table_(std::make_shared<Table>(table)), title_(std::move(title)), mistakes_(&mistakes), homes_(homes) {}

Section Section::below(const Table& table, std::string title) const {
    return {table, std::move(title), *mistakes_, homes_};
}

std::string_view Section::home_of(std::string_view key) const {
    const auto known = std::ranges::find(homes_, key, &KeyHome::key);
    return known == homes_.end() ? "" : known->home;
}

Position Section::where() const {
    return position_of(table_->toml.source());
}

bool Section::has(std::string_view key) const {
    return table_->toml.contains(key);
}

Section::Node Section::find(std::string_view key) {
    known_.push_back(key);
    return {table_->toml.get(key)};
}

void Section::wrong_type(const Node& node, std::string_view key, std::string_view allowed) {
    mistake(position_of(node.toml->source()),
            formatted("{} of {} is {}; allowed: {}", key, title_, type_name(*node.toml), allowed));
}

std::optional<Text> Section::text(std::string_view key, std::string_view example) {
    const toml::node* node = find(key).toml;
    if (node == nullptr) return std::nullopt;
    if (const auto* value = node->as_string()) {
        if (value->get().find('\0') == std::string::npos)
            return Text{value->get(), position_of(node->source())};
        mistake(position_of(node->source()), formatted("{} of {} contains a NUL character", key, title_));
        return std::nullopt;
    }
    wrong_type({node}, key, formatted("a string such as {}", example));
    return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
    const toml::node* node = find(key).toml;
    if (node == nullptr) return std::nullopt;
    if (const auto* value = node->as_boolean()) return value->get();
    wrong_type({node}, key, "true, false");
    return std::nullopt;
}

std::optional<std::uint32_t> Section::number(std::string_view key, std::uint32_t low, std::uint32_t high) {
    const toml::node* node = find(key).toml;
    if (node == nullptr) return std::nullopt;
    const std::string allowed = formatted("a whole number from {} to {}", low, high);
    const auto* value = node->as_integer();
    if (value == nullptr) {
        wrong_type({node}, key, allowed);
        return std::nullopt;
    }
    if (value->get() < low || value->get() > high) {
        mistake(position_of(node->source()),
                formatted("{} of {} is {}; allowed: {}", key, title_, value->get(), allowed));
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(value->get());
}

std::optional<std::vector<Text>> Section::texts(std::string_view key, std::string_view example) {
    const toml::node* node = find(key).toml;
    if (node == nullptr) return std::nullopt;
    const std::string allowed = formatted("a list of strings such as {}", example);
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        wrong_type({node}, key, allowed);
        return std::nullopt;
    }
    std::vector<Text> values;
    for (const toml::node& element : *array) {
        const auto* value = element.as_string();
        if (value == nullptr) {
            mistake(position_of(element.source()),
                    formatted("{} of {} holds {}; allowed: {}", key, title_, type_name(element), allowed));
        } else if (value->get().find('\0') != std::string::npos) {
            mistake(position_of(element.source()),
                    formatted("{} of {} contains a NUL character", key, title_));
        } else {
            values.push_back({value->get(), position_of(element.source())});
        }
    }
    return values;
}

std::optional<Section> Section::table(std::string_view key) {
    const toml::node* node = find(key).toml;
    if (node == nullptr) return std::nullopt;
    // "[services.web]": a table within a table is called by the whole of its name.
    const bool nested = title_.starts_with('[') && !title_.starts_with("[[");
    const std::string_view parent = nested ? std::string_view(title_).substr(1, title_.size() - 2) : "";
    const std::string name = formatted("{}{}{}", parent, nested ? "." : "", key);
    if (const toml::table* table = node->as_table()) return below(Table{*table}, formatted("[{}]", name));
    mistake(position_of(node->source()),
            node->is_array_of_tables()
                ? formatted("[[{0}]] is there once only; allowed: [{0}]", name)
                : formatted("{} is {}; allowed: a table [{}]", key, type_name(*node), name));
    return std::nullopt;
}

std::vector<Section> Section::tables(std::string_view key) {
    const toml::node* node = find(key).toml;
    std::vector<Section> sections;
    if (node == nullptr) return sections;
    const toml::array* array = node->as_array();
    if (array == nullptr ||
        !std::ranges::all_of(*array, [](const toml::node& element) { return element.is_table(); })) {
        mistake(position_of(node->source()),
                node->is_table() ? formatted("[{0}] takes a second pair of brackets; allowed: [[{0}]]", key)
                                 : formatted("{0} is {1}; allowed: tables [[{0}]]", key, type_name(*node)));
        return sections;
    }
    for (const toml::node& element : *array) {
        sections.push_back(below(Table{*element.as_table()}, formatted("[[{}]]", key)));
    }
    return sections;
}

std::vector<Section::Entry> Section::entries() const {
    std::vector<Entry> entries;
    for (const auto& [key, node] : table_->toml) {  // a map: sorted
        Entry entry{
            {std::string(key.str()), position_of(key.source())}, std::nullopt, position_of(node.source())};
        const auto* value = node.as_string();
        if (value != nullptr && !value->get().contains('\0')) entry.value = Text{value->get(), entry.where};
        entries.push_back(std::move(entry));
    }
    return entries;
}

void Section::refuse_other_keys() {
    std::ranges::sort(known_);
    for (const auto& [key, node] : table_->toml) {
        const std::string_view name = key.str();
        if (std::ranges::binary_search(known_, name)) continue;
        std::string text = formatted("unknown key {} in {}", quote(name), title_);
        const std::string_view near = nearest(name, known_);
        const std::string_view home = home_of(name);
        if (!near.empty()) {
            text += formatted(", did you mean \"{}\"?", near);
        } else if (!home.empty()) {
            text += formatted(", it belongs in {}", home);
        }
        mistake(position_of(key.source()), formatted("{}; allowed: {}", text, join(known_)));
    }
}

struct Document::Parts {
    toml::parse_result toml;
};

Document::Document(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Document::Document(Document&&) noexcept = default;
Document::~Document() = default;

std::expected<Document, Mistake> Document::parse(std::string_view text) {
    if (const auto deep = find_deep_key(text))
        return std::unexpected(Mistake{*deep, formatted("a key of more than {} parts", kMostKeyParts)});
    auto parts = std::make_unique<Parts>(toml::parse(text));
    if (parts->toml) return Document(std::move(parts));
    const toml::parse_error& error = parts->toml.error();
    return std::unexpected(Mistake{position_of(error.source()), std::string(error.description())});
}

Section Document::top(std::string title, Mistakes& mistakes, std::span<const KeyHome> homes) const {
    return {Section::Table{parts_->toml.table()}, std::move(title), mistakes, homes};
}

}  // namespace holm::cli

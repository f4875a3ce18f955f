#include "cli/settings/section.h"

#include <algorithm>

#include "cli/settings/toml.h"
#include "cli/settings/yaml.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

std::string_view type_name(const Value& value) {
    switch (value.kind) {
        case Value::Kind::kTable:
            return "a table";
        case Value::Kind::kList:
            return "a list";
        case Value::Kind::kText:
            return "a string";
        case Value::Kind::kWholeNumber:
        case Value::Kind::kOtherNumber:
            return "a number";
        case Value::Kind::kBoolean:
            return "true or false";
        case Value::Kind::kTime:
            return "a date or a time";
        case Value::Kind::kNothing:
            return "nothing";
    }
    return "";
}

bool is_text(const Value& value) {
    return value.kind == Value::Kind::kText || (value.without_quotes && value.kind != Value::Kind::kNothing);
}

bool is_list_of_tables(const Value& value) {
    return value.kind == Value::Kind::kList &&
           std::ranges::all_of(value.list, [](const Value& one) { return one.kind == Value::Kind::kTable; });
}

}  // namespace

std::string_view Section::home_of(std::string_view key) const {
    const auto known = std::ranges::find(homes_, key, &KeyHome::key);
    return known == homes_.end() ? "" : known->home;
}

const Value* Section::look_up(std::string_view key) const {
    const auto place = std::ranges::lower_bound(
        table_->table, key, {},
        [](const Value::Member& member) -> std::string_view { return member.key.value; });
    return place != table_->table.end() && place->key.value == key ? &place->value : nullptr;
}

bool Section::has(std::string_view key) const {
    return look_up(key) != nullptr;
}

bool Section::is_list(std::string_view key) const {
    const Value* value = look_up(key);
    return value != nullptr && value->kind == Value::Kind::kList;
}

bool Section::is_table(std::string_view key) const {
    const Value* value = look_up(key);
    return value != nullptr && value->kind == Value::Kind::kTable;
}

Position Section::where_of(std::string_view key) const {
    const Value* value = look_up(key);
    return value != nullptr ? value->where : where();
}

const Value* Section::find(std::string_view key) {
    known_.push_back(key);
    return look_up(key);
}

void Section::wrong_type(const Value& value, std::string_view key, std::string_view verb,
                         std::string_view allowed) {
    mistake(value.where,
            formatted("{} of {} {} {}; allowed: {}", key, spelled(title_), verb, type_name(value), allowed));
}

std::optional<Text> Section::text_of(const Value& value, std::string_view key, std::string_view verb,
                                     std::string_view allowed) {
    if (!is_text(value)) {
        wrong_type(value, key, verb, allowed);
    } else if (value.text.contains('\0')) {
        mistake(value.where, formatted("{} of {} contains a NUL character", key, spelled(title_)));
    } else {
        return Text{value.text, value.where};
    }
    return std::nullopt;
}

std::optional<Text> Section::text(std::string_view key, std::string_view example) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    return text_of(*value, key, "is", formatted("a string such as {}", example));
}

std::optional<bool> Section::boolean(std::string_view key) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind == Value::Kind::kBoolean) return value->number != 0;
    wrong_type(*value, key, "is", "true, false");
    return std::nullopt;
}

std::optional<std::uint32_t> Section::number(std::string_view key, std::uint32_t low, std::uint32_t high) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    const std::string allowed = formatted("a whole number from {} to {}", low, high);
    if (value->kind != Value::Kind::kWholeNumber) {
        wrong_type(*value, key, "is", allowed);
    } else if (value->number < low || value->number > high) {
        mistake(value->where,
                formatted("{} of {} is {}; allowed: {}", key, spelled(title_), value->number, allowed));
    } else {
        return static_cast<std::uint32_t>(value->number);
    }
    return std::nullopt;
}

std::optional<std::vector<Text>> Section::texts(std::string_view key, std::string_view example) {
    const Value* list = find(key);
    if (list == nullptr) return std::nullopt;
    const std::string allowed = formatted("a list of strings such as {}", example);
    if (list->kind != Value::Kind::kList) {
        wrong_type(*list, key, "is", allowed);
        return std::nullopt;
    }
    std::vector<Text> values;
    for (const Value& element : list->list) {
        if (auto text = text_of(element, key, "holds", allowed)) values.push_back(*std::move(text));
    }
    return values;
}

std::optional<Section> Section::table(std::string_view key) {
    const Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    // "[services.web]": a table within a table is called by the whole of its name.
    const bool nested = title_.starts_with('[') && !title_.starts_with("[[");
    const std::string_view parent = nested ? std::string_view(title_).substr(1, title_.size() - 2) : "";
    const std::string name = formatted("{}{}{}", parent, nested ? "." : "", key);
    // "lan:" with nothing behind it is how an empty table is written in YAML.
    if (value->kind == Value::Kind::kTable || value->kind == Value::Kind::kNothing)
        return below(*value, formatted("[{}]", name));
    mistake(
        value->where,
        notation_ == Notation::kYaml
            ? formatted("{} is {}; allowed: a table, its keys in the lines below and further to the right",
                        name, type_name(*value))
        : is_list_of_tables(*value) && !value->list.empty()
            ? formatted("[[{0}]] is there once only; allowed: [{0}]", name)
            : formatted("{} is {}; allowed: a table [{}]", key, type_name(*value), name));
    return std::nullopt;
}

std::vector<Section> Section::tables(std::string_view key) {
    const Value* list = find(key);
    std::vector<Section> sections;
    if (list == nullptr) return sections;
    if (!is_list_of_tables(*list)) {
        mistake(list->where, list->kind == Value::Kind::kTable
                                 ? formatted("[{0}] takes a second pair of brackets; allowed: [[{0}]]", key)
                                 : formatted("{0} is {1}; allowed: tables [[{0}]]", key, type_name(*list)));
        return sections;
    }
    for (const Value& table : list->list) sections.push_back(below(table, formatted("[[{}]]", key)));
    return sections;
}

std::vector<Section::Entry> Section::entries() const {
    std::vector<Entry> entries;
    for (const auto& [key, value] : table_->table) {
        Entry entry{key, std::nullopt, value.where};
        if (is_text(value) && !value.text.contains('\0')) entry.value = Text{value.text, value.where};
        entries.push_back(std::move(entry));
    }
    return entries;
}

void Section::refuse_other_keys(std::span<const ForeignKey> foreign) {
    std::ranges::sort(known_);
    for (const auto& [key, value] : table_->table) {
        if (std::ranges::binary_search(known_, key.value)) continue;
        std::string text = formatted("unknown key {} in {}", quote(key.value), spelled(title_));
        const auto other = std::ranges::find(foreign, key.value, &ForeignKey::key);
        if (other != foreign.end()) {
            mistake(key.where, formatted("{}: {}", text, spelled(other->instead)));
            continue;
        }
        const std::string_view near = nearest(key.value, known_);
        const std::string_view home = home_of(key.value);
        if (!near.empty()) {
            text += formatted(", did you mean \"{}\"?", near);
        } else if (!home.empty()) {
            text += formatted(", it belongs in {}", spelled(home));
        }
        mistake(key.where, formatted("{}; allowed: {}", text, join(known_)));
    }
}

std::expected<Document, Mistake> Document::parse(std::string_view text, Notation notation) {
    auto table = notation == Notation::kToml ? parse_toml(text) : parse_yaml(text);
    if (!table) return std::unexpected(std::move(table).error());
    return Document(*std::move(table), notation);
}

}  // namespace holm::cli

#pragma once

// One table of holm.toml while it is read: takes its keys out one by one, and complains about those nobody
// asked for and about values of the wrong type.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/manifest/description.h"
#include "cli/manifest/toml.h"

namespace holm::cli {

inline Position position_of(const toml::source_region& region) {
    return {static_cast<std::uint32_t>(region.begin.line), static_cast<std::uint32_t>(region.begin.column)};
}

struct Text {
    std::string value;
    Position where;
};

class Section {
  public:
    // `title` is how messages call it: "[memory]", or "holm.toml" for the top.
    Section(const toml::table& table, std::string title, Mistakes& mistakes)
        : table_(table), title_(std::move(title)), mistakes_(mistakes) {}

    // Each key is allowed from here on; empty when it is absent, or wrong and reported.
    std::optional<Text> text(std::string_view key, std::string_view example);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::uint32_t> number(std::string_view key, std::uint32_t low, std::uint32_t high);
    std::optional<std::vector<Text>> texts(std::string_view key, std::string_view example);
    const toml::table* table(std::string_view key);
    // The tables of [[key]].
    std::vector<const toml::table*> tables(std::string_view key);

    // Reports every key that was not asked for. Call it last.
    void refuse_other_keys();

    void mistake(Position where, std::string what) { mistakes_.push_back({where, std::move(what)}); }
    Position where() const { return position_of(table_.source()); }

  private:
    const toml::node* find(std::string_view key);
    void wrong_type(const toml::node& node, std::string_view key, std::string_view allowed);

    const toml::table& table_;
    std::string title_;
    Mistakes& mistakes_;
    std::vector<std::string_view> known_;
};

}  // namespace holm::cli

#pragma once

// One table of a configuration file while it is read: takes its keys out one by one, and complains about
// those nobody asked for and about values of the wrong type.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings/notation.h"
#include "cli/settings/value.h"

namespace holm::cli {

// A key of another program's files, and what there is in its place: a sentence, with what it quotes of the
// file written as TOML.
struct ForeignKey {
    std::string_view key, instead;
};

// Where a misplaced key belongs: people put `arguments` at the top of holm.toml.
struct KeyHome {
    std::string_view key, home;  // "arguments", "[image]"
};

class Section {
  public:
    // Each key is allowed from here on; empty when it is absent, or wrong and reported.
    std::optional<Text> text(std::string_view key, std::string_view example);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::uint32_t> number(std::string_view key, std::uint32_t low, std::uint32_t high);
    std::optional<std::vector<Text>> texts(std::string_view key, std::string_view example);
    std::optional<Section> table(std::string_view key);
    // The tables of [[key]].
    std::vector<Section> tables(std::string_view key);
    // Everything in the table, for one whose keys are the user's; sorted by key. A value that is not text is
    // empty, and one that is nothing (YAML) as well.
    struct Entry {
        Text key;
        std::optional<Text> value;
        Position where;  // of the value
    };
    std::vector<Entry> entries() const;
    bool has(std::string_view key) const;
    bool is_list(std::string_view key) const;
    bool is_table(std::string_view key) const;
    // Of the key's value; of the table if there is no such key.
    Position where_of(std::string_view key) const;
    // The key is allowed; its value was read before, or is not wanted.
    void know(std::string_view key) { known_.push_back(key); }

    // Reports every key that was not asked for. Call it last.
    void refuse_other_keys(std::span<const ForeignKey> foreign = {});

    void mistake(Position where, std::string what) { mistakes_->push_back({where, std::move(what)}); }
    Position where() const { return table_->where; }
    // A table's name or a line of a file as messages have it; given as TOML.
    std::string spelled(std::string_view as_toml) const { return cli::spelled(notation_, as_toml); }

  private:
    friend class Document;
    Section(const Value& table, std::string title, Mistakes& mistakes, std::span<const KeyHome> homes,
            Notation notation)
        : table_(&table),
          title_(std::move(title)),
          mistakes_(&mistakes),
          homes_(homes),
          notation_(notation) {}
    Section below(const Value& table, std::string title) const {
        return {table, std::move(title), *mistakes_, homes_, notation_};
    }
    std::string_view home_of(std::string_view key) const;
    const Value* look_up(std::string_view key) const;  // null: no such key
    const Value* find(std::string_view key);           // the same, and the key is allowed from here on
    // Empty, and reported, if it is not text. `verb`: what the key does to the value, "is" or "holds".
    std::optional<Text> text_of(const Value& value, std::string_view key, std::string_view verb,
                                std::string_view allowed);
    void wrong_type(const Value& value, std::string_view key, std::string_view verb,
                    std::string_view allowed);

    const Value* table_;
    std::string title_;  // "[memory]", or the file's name for the top
    Mistakes* mistakes_;
    std::span<const KeyHome> homes_;
    Notation notation_;
    std::vector<std::string_view> known_;
};

// The parsed text; sections point into it.
class Document {
  public:
    static std::expected<Document, Mistake> parse(std::string_view text, Notation notation = Notation::kToml);
    // `title`: how messages call what is in no table, the file's name; `homes` outlives the sections.
    Section top(std::string title, Mistakes& mistakes, std::span<const KeyHome> homes = {}) const {
        return {table_, std::move(title), mistakes, homes, notation_};
    }

  private:
    Document(Value table, Notation notation) : table_(std::move(table)), notation_(notation) {}
    Value table_;
    Notation notation_;
};

}  // namespace holm::cli

#pragma once

// One table of a TOML file while it is read: takes its keys out one by one, and complains about those nobody
// asked for and about values of the wrong type. toml++ is slow to compile, so that it stays behind this
// header.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/toml/mistake.h"

namespace holm::cli {

struct Text {
    std::string value;
    Position where;
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
    // empty.
    struct Entry {
        Text key;
        std::optional<Text> value;
        Position where;  // of the value
    };
    std::vector<Entry> entries() const;
    bool has(std::string_view key) const;
    // The key is allowed; its value was read before, or is not wanted.
    void know(std::string_view key) { known_.push_back(key); }

    // Reports every key that was not asked for. Call it last.
    void refuse_other_keys();

    void mistake(Position where, std::string what) { mistakes_->push_back({where, std::move(what)}); }
    Position where() const;

  private:
    friend class Document;
    struct Table;  // a reference to toml++'s
    struct Node;
    Section(const Table& table, std::string title, Mistakes& mistakes, std::span<const KeyHome> homes);
    Section below(const Table& table, std::string title) const;
    std::string_view home_of(std::string_view key) const;
    Node find(std::string_view key);
    void wrong_type(const Node& node, std::string_view key, std::string_view allowed);

    std::shared_ptr<const Table> table_;
    std::string title_;  // how messages call it: "[memory]", or the file's name for the top
    Mistakes* mistakes_;
    std::span<const KeyHome> homes_;
    std::vector<std::string_view> known_;
};

// The parsed text; sections point into it.
class Document {
  public:
    static std::expected<Document, Mistake> parse(std::string_view text);
    Document(Document&&) noexcept;
    ~Document();
    // `title`: how messages call what is in no table, the file's name; `homes` outlives the sections.
    Section top(std::string title, Mistakes& mistakes, std::span<const KeyHome> homes = {}) const;

  private:
    struct Parts;
    explicit Document(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace holm::cli

#pragma once

// Rules from text to a table, for tests.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "services/filter/language/compiler.h"
#include "services/filter/language/parser.h"
#include "services/filter/table/table.h"

namespace holm::test {

// What is wrong with a text, or nothing.
inline std::string problem_of(const std::string& text, const filter::language::FileReader& reader = {}) {
    const auto rules = filter::language::parse(text, "r", reader);
    if (!rules) return rules.error().to_string();
    const auto table = filter::language::compile(*rules);
    return table ? "" : table.error().to_string();
}

// A compiled table and its memory.
class CompiledRules {
  public:
    explicit CompiledRules(const std::string& text, bool merge = true) {
        auto rules = filter::language::parse(text, "r", {});
        if (!rules) {
            problem_ = rules.error().to_string();
            return;
        }
        const auto bytes = filter::language::compile(*rules, merge);
        if (!bytes) {
            problem_ = bytes.error().to_string();
            return;
        }
        size_ = bytes->size();
        memory_.reset(
            static_cast<std::byte*>(::operator new(std::max<std::size_t>(size_, 16), std::align_val_t(16))));
        std::memcpy(memory_.get(), bytes->data(), size_);
        auto table = filter::Table::open({memory_.get(), size_});
        if (!table)
            problem_ = table.error();
        else
            table_ = std::make_unique<filter::Table>(*table);
    }

    const std::string& problem() const { return problem_; }
    const filter::Table& table() const { return *table_; }
    std::span<std::byte> bytes() { return {memory_.get(), size_}; }

  private:
    struct Free {
        void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(16)); }
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::size_t size_ = 0;
    std::unique_ptr<filter::Table> table_;
    std::string problem_;
};

}  // namespace holm::test

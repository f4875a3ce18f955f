#pragma once

// A compiled rule set that has been checked: every index and offset in it leads to where it should.

#include <expected>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "services/filter/table/layout.h"

namespace holm::filter {

class Table {
  public:
    // `memory` outlives the table and is 16-byte aligned. The error says what is wrong with it, in words.
    static std::expected<Table, std::string_view> open(Bytes memory);

    std::span<const Operation> operations() const { return operations_; }
    std::span<const Chain> chains() const { return chains_; }
    std::span<const Set> sets() const { return sets_; }
    std::span<const Constant> constants() const { return constants_; }
    std::span<const CounterEntry> counters() const { return counters_; }
    std::span<const LimitEntry> limits() const { return limits_; }
    std::span<const LogEntry> logs() const { return logs_; }
    std::span<const RejectEntry> rejections() const { return rejections_; }
    std::span<const NatEntry> translations() const { return translations_; }
    std::span<const InterfaceName> interfaces() const { return interfaces_; }
    std::uint32_t rules() const { return header_.rules; }
    std::uint32_t merged_rules() const { return header_.merged_rules; }
    std::uint32_t size() const { return header_.size; }
    const std::byte* data() const { return data_.data(); }
    // Zero-terminated in the table; checked by open().
    std::string_view string(std::uint32_t offset) const;

    // The value of a key: kMiss if it is in no stretch. `key` as the set's kind wants it: up to 8 or 16 bytes
    // as numbers, else bytes.
    std::uint32_t find64(const Set& set, std::uint64_t key) const;
    std::uint32_t find128(const Set& set, unsigned __int128 key) const;
    std::uint32_t find_bytes(const Set& set, const std::uint8_t* key) const;

  private:
    Table() = default;
    template <typename T>
    bool take(Bytes memory, const Part& part, std::span<const T>& into) const;
    std::string_view check() const;
    bool check_operation(std::uint32_t at, const Operation& operation, const Chain& chain) const;
    std::string_view check_set(const Set& set) const;
    bool check_value(const Set& set, std::uint32_t value) const;

    TableHeader header_;
    std::span<const Operation> operations_;
    std::span<const Chain> chains_;
    std::span<const Set> sets_;
    std::span<const std::byte> data_;
    std::span<const Constant> constants_;
    std::span<const CounterEntry> counters_;
    std::span<const LimitEntry> limits_;
    std::span<const LogEntry> logs_;
    std::span<const RejectEntry> rejections_;
    std::span<const NatEntry> translations_;
    std::span<const InterfaceName> interfaces_;
    std::span<const char> strings_;
};

// The hash of a key of bytes; the writer and the reader of a table share it.
std::uint64_t hash_key(const std::uint8_t* key, std::size_t size);

}  // namespace holm::filter

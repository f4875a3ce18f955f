#pragma once

// Finds the connection of a segment by its four-tuple: a hash table with keyed hashes, so that nobody outside
// can aim at one bucket. Connections and TIME-WAIT entries are its elements.

#include <cstdint>

#include "base/siphash.h"
#include "net/address.h"
#include "net/tcp/memory.h"

namespace holm::net::tcp {

struct FourTuple {
    Endpoint local;
    Endpoint remote;
    friend bool operator==(const FourTuple&, const FourTuple&) = default;
};

// A keyed hash of the four-tuple; `salt` separates its uses.
std::uint64_t keyed_hash(const SipHashKey& key, const FourTuple& tuple, std::uint64_t salt);

struct TableEntry {
    enum class Kind : std::uint8_t { kConnection, kTimeWait };
    TableEntry(Kind entry_kind, const FourTuple& entry_tuple) : tuple(entry_tuple), kind(entry_kind) {}
    FourTuple tuple;
    const Kind kind;
    TableEntry* next_in_bucket = nullptr;
    std::uint64_t hash = 0;
};

class Table {
  public:
    Table(Memory& memory, const SipHashKey& key) : memory_(memory), key_(key) {}
    ~Table();
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    TableEntry* find(const FourTuple& tuple) const;
    // False when there is no memory for the first buckets. Precondition: the tuple is not in the table.
    bool insert(TableEntry& entry);
    void remove(TableEntry& entry);
    std::size_t size() const { return size_; }
    // Some entry, or null: for emptying the table.
    TableEntry* any() const;

  private:
    bool grow();
    TableEntry** bucket(std::uint64_t hash) const { return &buckets_[hash & (bucket_count_ - 1)]; }

    Memory& memory_;
    SipHashKey key_;
    TableEntry** buckets_ = nullptr;
    std::size_t bucket_count_ = 0;  // a power of two, or 0
    std::size_t size_ = 0;
};

}  // namespace holm::net::tcp

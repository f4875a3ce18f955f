#include "net/tcp/table.h"

#include <cassert>
#include <cstring>

namespace holm::net::tcp {

std::uint64_t keyed_hash(const SipHashKey& key, const FourTuple& tuple, std::uint64_t salt) {
    std::byte message[44];
    std::memcpy(message, &salt, 8);
    std::memcpy(message + 8, &tuple.local.port, 2);
    std::memcpy(message + 10, &tuple.remote.port, 2);
    // Of IPv4 addresses only the last four bytes differ.
    const std::size_t skip = tuple.remote.address.is_v4() ? 12 : 0;
    const std::size_t length = 16 - skip;
    std::memcpy(message + 12, tuple.local.address.bytes().data() + skip, length);
    std::memcpy(message + 12 + length, tuple.remote.address.bytes().data() + skip, length);
    return siphash(key, Bytes(message, 12 + 2 * length));
}

Table::~Table() {
    assert(size_ == 0);
    if (buckets_ != nullptr) memory_.release(buckets_, bucket_count_ * sizeof(TableEntry*));
}

TableEntry* Table::find(const FourTuple& tuple) const {
    if (bucket_count_ == 0) return nullptr;
    const std::uint64_t hash = keyed_hash(key_, tuple, 0);
    TableEntry* entry = *bucket(hash);
    while (entry != nullptr && (entry->hash != hash || entry->tuple != tuple)) entry = entry->next_in_bucket;
    return entry;
}

bool Table::grow() {
    const std::size_t count = bucket_count_ == 0 ? 64 : 2 * bucket_count_;
    auto** buckets = static_cast<TableEntry**>(memory_.allocate(count * sizeof(TableEntry*)));
    if (buckets == nullptr) return false;
    std::memset(buckets, 0, count * sizeof(TableEntry*));
    for (std::size_t i = 0; i < bucket_count_; ++i) {
        while (TableEntry* entry = buckets_[i]) {
            buckets_[i] = entry->next_in_bucket;
            TableEntry*& head = buckets[entry->hash & (count - 1)];
            entry->next_in_bucket = head;
            head = entry;
        }
    }
    if (buckets_ != nullptr) memory_.release(buckets_, bucket_count_ * sizeof(TableEntry*));
    buckets_ = buckets;
    bucket_count_ = count;
    return true;
}

bool Table::insert(TableEntry& entry) {
    // A table that cannot grow gets slower, not full.
    if (size_ >= bucket_count_ && !grow() && bucket_count_ == 0) return false;
    entry.hash = keyed_hash(key_, entry.tuple, 0);
    TableEntry** head = bucket(entry.hash);
    entry.next_in_bucket = *head;
    *head = &entry;
    ++size_;
    return true;
}

void Table::remove(TableEntry& entry) {
    TableEntry** link = bucket(entry.hash);
    while (*link != &entry) link = &(*link)->next_in_bucket;
    *link = entry.next_in_bucket;
    --size_;
}

TableEntry* Table::any() const {
    for (std::size_t i = 0; i < bucket_count_; ++i)
        if (buckets_[i] != nullptr) return buckets_[i];
    return nullptr;
}

}  // namespace holm::net::tcp

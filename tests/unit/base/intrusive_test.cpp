#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/intrusive_list.h"
#include "base/pairing_heap.h"

namespace holm {
namespace {

struct Item : ListHook<> {
    explicit Item(char name_) : name(name_) {}
    char name;
};

std::string contents(IntrusiveList<Item>& list) {
    std::string names;
    list.for_each([&](Item& item) { names += item.name; });
    return names;
}

TEST_CASE("a list keeps order, and an element leaves it by itself") {
    Item a('a'), b('b'), c('c');
    IntrusiveList<Item> list;
    CHECK(list.empty());
    CHECK(list.pop_front() == nullptr);
    list.push_back(a);
    CHECK(!list.has_several());
    list.push_back(b);
    CHECK(list.has_several());
    list.push_front(c);
    CHECK(contents(list) == "cab");
    {
        Item d('d');
        list.push_back(d);
        CHECK(contents(list) == "cabd");
    }
    CHECK(contents(list) == "cab");
    list.push_back(c);  // moves
    CHECK(contents(list) == "abc");
    list.push_back(c);  // stays
    CHECK(contents(list) == "abc");
    list.push_front(a);
    CHECK(contents(list) == "abc");
    IntrusiveList<Item> other;
    Item e('e');
    other.push_back(e);
    list.append(other);
    list.append(other);
    CHECK(other.empty());
    CHECK(contents(list) == "abce");
    list.for_each([](Item& item) {
        if (item.name == 'b') item.unlink();
    });
    CHECK(contents(list) == "ace");
    CHECK(list.pop_front() == &a);
    CHECK(!a.is_linked());
}

struct Entry : HeapNode {
    std::uint32_t key = 0;
    bool before(const Entry& other) const { return key < other.key; }
};

TEST_CASE("a pairing heap yields its elements in order under random insertions and removals") {
    std::uint32_t state = 12345;
    auto random = [&] { return state = state * 1664525u + 1013904223u; };
    std::vector<Entry> entries(2000);
    PairingHeap<Entry> heap;
    std::vector<std::uint32_t> expected;
    for (Entry& entry : entries) {
        entry.key = random() >> 8;
        heap.insert(entry);
    }
    for (int i = 0; i < 3000; ++i) {
        Entry& entry = entries[(random() >> 8) % entries.size()];
        if (entry.is_queued()) {
            heap.remove(entry);
        } else {
            entry.key = random() >> 8;
            heap.insert(entry);
        }
    }
    for (const Entry& entry : entries) {
        if (entry.is_queued()) expected.push_back(entry.key);
    }
    std::ranges::sort(expected);
    for (const std::uint32_t key : expected) {
        REQUIRE(heap.top() != nullptr);
        CHECK(heap.top()->key == key);
        heap.remove(*heap.top());
    }
    CHECK(heap.empty());
}

}  // namespace
}  // namespace holm

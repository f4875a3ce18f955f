#pragma once

// A doubly linked list through nodes inside its elements: no allocation, O(1) insertion and removal, and an
// element that is destroyed leaves its list by itself.

#include <cstddef>

namespace holm {

class ListNode {
  public:
    ListNode() = default;
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;
    ~ListNode() { unlink(); }

    bool is_linked() const { return next_ != this; }

    void unlink() {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = this;
        previous_ = this;
    }

  private:
    template <typename T, typename Tag>
    friend class IntrusiveList;

    void insert_before(ListNode& successor) {
        previous_ = successor.previous_;
        next_ = &successor;
        previous_->next_ = this;
        successor.previous_ = this;
    }

    ListNode* next_ = this;
    ListNode* previous_ = this;
};

// The base of an element. An element that is in several lists at a time has one base for each, told apart by
// Tag.
template <typename Tag = void>
class ListHook : public ListNode {};

template <typename T, typename Tag = void>
class IntrusiveList {
  public:
    IntrusiveList() = default;
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;
    ~IntrusiveList() { clear(); }

    bool empty() const { return !end_.is_linked(); }
    bool has_several() const { return end_.next_ != end_.previous_; }

    // An element that is still in a list moves from there.
    void push_back(T& element) { insert(element, end_); }
    void push_front(T& element) { insert(element, *end_.next_); }

    T& front() { return element_of(*end_.next_); }
    T& back() { return element_of(*end_.previous_); }

    // Null when empty.
    T* pop_front() {
        if (empty()) return nullptr;
        T& element = front();
        static_cast<ListHook<Tag>&>(element).unlink();
        return &element;
    }

    // Takes all elements of `other`, in order, behind those that are here.
    void append(IntrusiveList& other) {
        if (other.empty()) return;
        ListNode* first = other.end_.next_;
        ListNode* last = other.end_.previous_;
        other.end_.next_ = &other.end_;
        other.end_.previous_ = &other.end_;
        first->previous_ = end_.previous_;
        end_.previous_->next_ = first;
        last->next_ = &end_;
        end_.previous_ = last;
    }

    void clear() {
        while (!empty()) end_.next_->unlink();
    }

    // Visits every element; `visit` may remove the one it is given.
    template <typename Visit>
    void for_each(Visit visit) {
        for (ListNode* node = end_.next_; node != &end_;) {
            ListNode* next = node->next_;
            visit(element_of(*node));
            node = next;
        }
    }

  private:
    static T& element_of(ListNode& node) { return static_cast<T&>(static_cast<ListHook<Tag>&>(node)); }
    static void insert(T& element, ListNode& successor) {
        ListNode& node = static_cast<ListHook<Tag>&>(element);
        if (&node == &successor) return;
        node.unlink();
        node.insert_before(successor);
    }

    ListNode end_;
};

}  // namespace holm

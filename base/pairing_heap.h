#pragma once

// A priority queue through nodes inside its elements: insertion O(1), removal of any element O(log n)
// amortised, no allocation. For timers: most are removed before they are due.

namespace holm {

template <typename T>
class PairingHeap;

class HeapNode {
  public:
    HeapNode() = default;
    HeapNode(const HeapNode&) = delete;
    HeapNode& operator=(const HeapNode&) = delete;

    bool is_queued() const { return queued_; }

  private:
    template <typename T>
    friend class PairingHeap;

    HeapNode* child_ = nullptr;     // the first of the children
    HeapNode* next_ = nullptr;      // the next sibling
    HeapNode* previous_ = nullptr;  // the previous sibling, or the parent of a first child; null in the root
    bool queued_ = false;
};

// T derives from HeapNode and has `bool before(const T&) const`. The elements must leave the heap before they
// die.
template <typename T>
class PairingHeap {
  public:
    PairingHeap() = default;
    PairingHeap(const PairingHeap&) = delete;
    PairingHeap& operator=(const PairingHeap&) = delete;

    bool empty() const { return root_ == nullptr; }
    // The first element; null when empty.
    T* top() const { return static_cast<T*>(root_); }

    void insert(T& element) {
        HeapNode& node = element;
        node.child_ = nullptr;
        node.next_ = nullptr;
        node.previous_ = nullptr;
        node.queued_ = true;
        root_ = meld(root_, &node);
    }

    void remove(T& element) {
        HeapNode& node = element;
        HeapNode* orphans = merge_pairs(node.child_);
        if (&node == root_) {
            root_ = orphans;
        } else {
            if (node.previous_->child_ == &node) {
                node.previous_->child_ = node.next_;
            } else {
                node.previous_->next_ = node.next_;
            }
            if (node.next_) node.next_->previous_ = node.previous_;
            root_ = meld(root_, orphans);
        }
        node.child_ = nullptr;
        node.next_ = nullptr;
        node.previous_ = nullptr;
        node.queued_ = false;
    }

  private:
    // Both are roots without siblings, or null.
    static HeapNode* meld(HeapNode* a, HeapNode* b) {
        if (!a) return b;
        if (!b) return a;
        if (static_cast<T*>(b)->before(*static_cast<T*>(a))) {
            HeapNode* first = b;
            b = a;
            a = first;
        }
        b->next_ = a->child_;
        if (b->next_) b->next_->previous_ = b;
        b->previous_ = a;
        a->child_ = b;
        return a;
    }

    // Melds a list of siblings into one tree: in pairs from the left, then the pairs from the right. The
    // pairs are kept in a list through next_, so that a long list of siblings costs no stack.
    static HeapNode* merge_pairs(HeapNode* first) {
        HeapNode* pairs = nullptr;
        while (first) {
            HeapNode* a = first;
            HeapNode* b = a->next_;
            first = b ? b->next_ : nullptr;
            detach(a);
            detach(b);
            HeapNode* pair = meld(a, b);
            pair->next_ = pairs;
            pairs = pair;
        }
        HeapNode* result = nullptr;
        while (pairs) {
            HeapNode* pair = pairs;
            pairs = pair->next_;
            pair->next_ = nullptr;
            result = meld(result, pair);
        }
        return result;
    }

    static void detach(HeapNode* node) {
        if (!node) return;
        node->next_ = nullptr;
        node->previous_ = nullptr;
    }

    HeapNode* root_ = nullptr;
};

}  // namespace holm

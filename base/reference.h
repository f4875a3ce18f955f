#pragma once

// A counted reference to an object that counts its users itself (`retain()`, `release()`). Not for several
// threads.

#include <utility>

namespace holm {

template <typename T>
class Reference {
  public:
    Reference() = default;
    explicit Reference(T* object) : object_(object) {
        if (object_ != nullptr) object_->retain();
    }
    Reference(const Reference& other) : Reference(other.object_) {}
    Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Reference& operator=(Reference other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Reference() {
        if (object_ != nullptr) object_->release();
    }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    friend bool operator==(const Reference&, const Reference&) = default;

  private:
    T* object_ = nullptr;
};

}  // namespace holm

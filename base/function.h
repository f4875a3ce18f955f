#pragma once

// A callable with an erased type that can be moved but not copied. Unlike std::function it has no virtual
// functions, whose tables differ between code with and without RTTI: services have it, the floors below do
// not.

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace holm {

template <typename Signature>
class Function;

template <typename R, typename... Arguments>
class Function<R(Arguments...)> {
  public:
    Function() = default;

    template <typename Callable>
        requires(!std::is_same_v<std::remove_cvref_t<Callable>, Function> &&
                 std::is_invocable_r_v<R, std::remove_cvref_t<Callable>&, Arguments...>)
    Function(Callable&& callable) {  // NOLINT: implicit, like every parameter that takes a lambda
        using Stored = std::remove_cvref_t<Callable>;
        if constexpr (kFits<Stored>) {
            ::new (storage_) Stored(std::forward<Callable>(callable));
            operations_ = &kInPlace<Stored>;
        } else {
            ::new (storage_) Stored*(new Stored(std::forward<Callable>(callable)));
            operations_ = &kOnHeap<Stored>;
        }
    }
    Function(Function&& other) noexcept { take(other); }
    Function& operator=(Function&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    ~Function() { reset(); }

    explicit operator bool() const { return operations_ != nullptr; }

    // Like a pointer to a function: calling it through a const reference may change what the callable holds.
    R operator()(Arguments... arguments) const {
        return operations_->call(storage_, std::forward<Arguments>(arguments)...);
    }

  private:
    static constexpr std::size_t kSize = 4 * sizeof(void*);

    struct Operations {
        R (*call)(void*, Arguments&&...);
        void (*move)(void* from, void* to);  // and destroys what was moved from
        void (*destroy)(void*);
    };

    template <typename Stored>
    static constexpr bool kFits = sizeof(Stored) <= kSize && alignof(Stored) <= alignof(void*) &&
                                  std::is_nothrow_move_constructible_v<Stored>;

    template <typename Stored>
    static constexpr Operations kInPlace = {
        [](void* at, Arguments&&... arguments) -> R {
            return (*static_cast<Stored*>(at))(std::forward<Arguments>(arguments)...);
        },
        [](void* from, void* to) {
            ::new (to) Stored(std::move(*static_cast<Stored*>(from)));
            std::destroy_at(static_cast<Stored*>(from));
        },
        [](void* at) { std::destroy_at(static_cast<Stored*>(at)); },
    };

    template <typename Stored>
    static constexpr Operations kOnHeap = {
        [](void* at, Arguments&&... arguments) -> R {
            return (**static_cast<Stored**>(at))(std::forward<Arguments>(arguments)...);
        },
        [](void* from, void* to) { ::new (to) Stored*(*static_cast<Stored**>(from)); },
        [](void* at) { delete *static_cast<Stored**>(at); },
    };

    void take(Function& other) {
        operations_ = std::exchange(other.operations_, nullptr);
        if (operations_ != nullptr) operations_->move(other.storage_, storage_);
    }
    void reset() {
        if (operations_ != nullptr) std::exchange(operations_, nullptr)->destroy(storage_);
    }

    const Operations* operations_ = nullptr;
    alignas(void*) mutable std::byte storage_[kSize];
};

}  // namespace holm

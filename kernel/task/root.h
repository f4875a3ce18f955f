#pragma once

// Whom running code belongs to: a task of a scope, or a fiber. The executor knows all of them, so that the
// panic screen can list them and the watchdog can name the one that hogs the core.

#include "base/intrusive_list.h"

namespace holm {

struct RootTag;

namespace detail {
class PromiseBase;
}

class TaskRoot : public ListHook<RootTag> {
  public:
    explicit TaskRoot(const char* name) : name_(name) {}

    // A string literal; never null.
    const char* name() const { return name_; }

    // The outermost coroutine that runs here, for reports; null when there is none.
    const detail::PromiseBase* body() const { return body_; }
    void set_body(const detail::PromiseBase* body) { body_ = body; }

  protected:
    ~TaskRoot() = default;

  private:
    const char* name_;
    const detail::PromiseBase* body_ = nullptr;
};

using RootList = IntrusiveList<TaskRoot, RootTag>;

}  // namespace holm

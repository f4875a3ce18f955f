#pragma once

// Whom running code belongs to: a task of a scope, or a fiber. The executor knows all of them, so that the
// panic screen can list them and the watchdog can name the one that hogs the core.

#include "base/intrusive_list.h"

namespace holm {

struct RootTag;

class TaskRoot : public ListHook<RootTag> {
  public:
    explicit TaskRoot(const char* name) : name_(name) {}

    // A string literal; never null.
    const char* name() const { return name_; }

  protected:
    ~TaskRoot() = default;

  private:
    const char* name_;
};

using RootList = IntrusiveList<TaskRoot, RootTag>;

}  // namespace holm

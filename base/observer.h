#pragma once

// How a sans-I/O core tells its owner that something changed: data arrived, space opened, a state moved.

namespace holm {

class Observer {
  public:
    // Called from inside the core: it must only take note (wake a task, set a flag), never call back into the
    // core. One call may stand for several changes, and a call may turn out to be about nothing.
    virtual void notify() = 0;

  protected:
    ~Observer() = default;
};

}  // namespace holm

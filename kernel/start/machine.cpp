#include "kernel/start/machine.h"

#include <cstdlib>

#include "abi/boot_info.h"
#include "kernel/platform/end.h"

namespace holm {

// 128 + SIGTERM, as a shell reports a program that a signal ended.
static constexpr int kStoppedStatus = 143;

Machine::Machine(Core& core, std::span<const char* const> arguments)
    : core_(core), arguments_(arguments), on_stop_(*this), grace_over_(*this) {
    core.executor->on_stop_request(on_stop_);
}

const char* Machine::environment(const char* name) const noexcept {
    return std::getenv(name);
}

Machine::OnStop::OnStop(Machine& owner)
    : Waiter([](Waiter& self) {
          Machine& stopped = static_cast<OnStop&>(self).machine;
          if (!stopped.stop_observed_) stopped.end_unfinished();
          stopped.stop_.set();
          Executor& here = stopped.executor();
          stopped.grace_over_.start(here.timers(),
                                    here.now() + Duration::milliseconds(stopped.core_.boot->stop_grace_ms));
      }),
      machine(owner) {}

Machine::GraceOver::GraceOver(Machine& owner)
    : Timer([](Timer& self) { static_cast<GraceOver&>(self).machine.end_unfinished(); }), machine(owner) {}

void Machine::end_unfinished() {
    end_instance(core_, kStoppedStatus);
}

}  // namespace holm

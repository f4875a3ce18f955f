#include "kernel/network/port.h"

#include "kernel/console/console.h"
#include "kernel/core.h"

namespace holm {

bool Port::receive(Instant now) {
    received_at_ = now;
    const bool any = driver_->receive(*this) > 0;
    report_if_gone();
    return any;
}

void Port::transmit(Instant) {
    driver_->flush();
    report_if_gone();
}

void Port::report_if_gone() {
    if (!driver_->gone() || reported_) return;
    reported_ = true;
    Console* const console = this_core().console;
    if (!console) return;
    if (const char* fault = driver_->fault())
        console->print("holm: the network device '", name_, "' broke the rules of its queues: ", fault,
                       "; the instance goes on without it\n");
    else
        console->print("holm: the network device '", name_,
                       "' has vanished; the instance goes on without it\n");
}

}  // namespace holm

#pragma once

// Tasks and what they wait for: Task, Scope, sleep, yield, deadlines, events, semaphores, mutexes and
// channels.

#include "kernel/task/channel.h"    // IWYU pragma: export
#include "kernel/task/deadline.h"   // IWYU pragma: export
#include "kernel/task/event.h"      // IWYU pragma: export
#include "kernel/task/mutex.h"      // IWYU pragma: export
#include "kernel/task/scope.h"      // IWYU pragma: export
#include "kernel/task/semaphore.h"  // IWYU pragma: export
#include "kernel/task/sleep.h"      // IWYU pragma: export
#include "kernel/task/task.h"       // IWYU pragma: export

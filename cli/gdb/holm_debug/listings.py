"""What the executor has: tasks, the chains of coroutines they wait in, timers."""

import gdb

from holm_debug.coroutines import chain_below, describe_frame, root_frame
from holm_debug.memory import Unreadable, elements, heap_nodes, nanoseconds, part, seconds, symbol_at


class Listing(gdb.Command):
    """Something that is both `holm NAME` and `info holm-NAME`."""

    names = ()

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        try:
            self.show()
        except Unreadable:
            raise gdb.GdbError("the memory that holds it cannot be read") from None

    def show(self):
        raise NotImplementedError


class Tasks(Listing):
    """Lists every task and fiber, and the chain of coroutines in which each waits."""

    names = ("holm tasks", "info holm-tasks")

    def show(self):
        executor = part("executor", "holm::Executor")
        if executor is None:
            print("the executor is not there yet: the image has just started")
            return
        current = int(executor["current_"])
        count = 0
        for root in elements(executor["roots_"], "holm::ListHook<holm::RootTag>", "holm::TaskRoot"):
            count += 1
            address = int(root.address)
            frame = root_frame(root)
            state = "runs" if address == current else "suspended"
            print(f"{'*' if address == current else ' '} {root['name_'].string():<20} {'task' if frame else 'fiber'} {state}  {address:#x}")
            for level, one in enumerate(reversed(chain_below(frame)) if frame else ()):
                print(f"      #{level} {describe_frame(one)}")
        print(f"{count} task{'' if count == 1 else 's'}" + ("" if current else "; the kernel itself runs"))


class Backtrace(Listing):
    """The chain of coroutines of the task that runs, innermost first: what `bt` cannot show."""

    names = ("holm backtrace", "holm bt")

    def show(self):
        executor = part("executor", "holm::Executor")
        if executor is None or int(executor["current_"]) == 0:
            print("no task runs: the kernel does")
            return
        frame = root_frame(executor["current_"].dereference())
        if frame is None:
            print("a fiber runs: bt shows all of it")
            return
        for level, one in enumerate(reversed(chain_below(frame))):
            print(f"#{level} {describe_frame(one)}")


class Timers(Listing):
    """Lists the timers that run, the earliest first."""

    names = ("holm timers", "info holm-timers")

    def show(self):
        executor = part("executor", "holm::Executor")
        if executor is None:
            print("the executor is not there yet: the image has just started")
            return
        last = nanoseconds(executor["last_receive_"])
        kind = gdb.lookup_type("holm::Timer").pointer()
        timers = [node.cast(kind).dereference() for node in heap_nodes(executor["timers_"]["heap_"]["root_"])]
        for timer in sorted(timers, key=lambda timer: nanoseconds(timer["deadline_"])):
            due = nanoseconds(timer["deadline_"])
            print(f"  at {seconds(due)} ({(due - last) / 1e6:+.3f} ms)  {symbol_at(int(timer['expired_'])) or '?'}  {int(timer.address):#x}")
        print(f"{len(timers)} timer{'' if len(timers) == 1 else 's'}; devices were last asked at {seconds(last)}")

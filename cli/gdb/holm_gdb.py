"""What gdb does not know about an instance: its tasks, timers and connections. Loaded by `holm gdb`, or `source` it.

    holm symbols FILE   load the symbols of NAME.debug where the instance lies (its auxiliary vector tells)
    holm core FILE      write a core file of the instance as it stands
    holm start          run up to the image's first instruction
    holm tasks          every task and fiber, and the chain of coroutines each waits in (also: info holm-tasks)
    holm backtrace      the coroutines that await the one that runs, innermost first
    holm timers         what is due when (also: info holm-timers)
    holm connections    TCP connections, listeners and UDP sockets (also: info holm-connections)

It reads memory only and calls nothing in the instance, so it works on core files too.
"""

import pathlib
import sys

import gdb

sys.dont_write_bytecode = True  # the folder may be shared, or a source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from holm_debug.connections import Connections
from holm_debug.core import Core
from holm_debug.listings import Backtrace, Tasks, Timers
from holm_debug.symbols import Start, Symbols


class HolmPrefix(gdb.Command):
    """Commands for instances of Holm: tasks, timers, connections, backtrace, symbols, start."""

    def __init__(self):
        super().__init__("holm", gdb.COMMAND_DATA, prefix=True)


# What the library OS lives with: a peer that went away, the watchdog's ticks, a stop request.
for name in ("SIGPIPE", "SIGPROF", "SIGTERM"):
    gdb.execute(f"handle {name} nostop noprint pass", to_string=True)

HolmPrefix()
for listing in (Tasks, Backtrace, Timers, Connections):
    for command in listing.names:
        listing(command)
Symbols()
Core()
Start()

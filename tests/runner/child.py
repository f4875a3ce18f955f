"""Programs that the runner starts. When the runner is told to end, they end first."""

import os
import signal
import subprocess

PATIENCE = 30  # seconds to end in order


def end_on_sigterm():
    """From now on SIGTERM interrupts, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))


def run(command, *, cleans_up=False, **named):
    """The exit status. `cleans_up`: it gets SIGINT, alone, and ends its own children; others get SIGTERM with theirs."""
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, process_group=0, **named)
    try:
        return process.wait()
    except KeyboardInterrupt:
        if cleans_up:
            process.send_signal(signal.SIGINT)
        else:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        raise
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

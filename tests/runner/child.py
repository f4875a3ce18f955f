"""Programs that the runner starts. When the runner is told to end, they end first."""

import os
import signal
import subprocess

PATIENCE = 30  # seconds to end in order


def end_on_sigterm():
    """From now on SIGTERM interrupts, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))


INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


def run(command, *, cleans_up=False, **named):
    """The exit status. `cleans_up`: it gets SIGINT, alone, and ends its own children; others get SIGTERM with theirs."""
    # An interrupt between the start and the `try` would leave the child to itself: it has to wait until then.
    signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, process_group=0,
                                   preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS), **named)
    except BaseException:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
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

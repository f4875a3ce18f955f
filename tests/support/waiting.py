"""Waiting for what comes when it comes: an idle machine takes no time for it, a busy one may take long."""

import time

PATIENCE = 60  # seconds


def until(condition, what="it", seconds=PATIENCE, pause=0.05):
    """What `condition` gives as soon as that is something; without it fails after `seconds`, with `what` or what it gives."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        late = time.monotonic() >= deadline
        assert not late, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(pause)
    return found

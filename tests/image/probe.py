"""The probe (images/probe): one image that tries what its arguments say; and what it reports."""

import subprocess

from tests.support.instance import BIN, IMAGES

PROBE = IMAGES / "tests" / "probe"
TENDER = BIN / "holm-process"
REFUSED = 125
KILLED_BY_FILTER = -31  # SIGSYS
FAULT = 111  # the probe's status after SIGSEGV


def run(*words, options=(), image=PROBE, timeout=120, **named):
    """holm-process OPTIONS probe -- WORDS, to its end."""
    command = [str(TENDER), *map(str, options), str(image)]
    if words:
        command += ["--", *map(str, words)]
    named.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, **named)


def facts(output):
    """The numbers in a report ("name 0x..."), by name; of doubled names the last."""
    found = {}
    for line in output.splitlines():
        name, _, value = line.partition(" ")
        if value.startswith("0x"):
            found[name] = int(value, 16)
    return found

"""The scripts of tests/script/tcp against this machine's Linux; docs/rfc/linux-differences.md lists what differs and why."""

import json
import os
import platform
import re

import pytest

from bench.lib.machine import ROOT

SCRIPTS = ROOT / "tests" / "script" / "tcp"
PAGE = ROOT / "docs" / "rfc" / "linux-differences.md"
FULL = "HOLM_TEST_FULL" in os.environ
MOST_SECONDS = 30 if FULL else 3
ROUNDS = 5
MOST_DISPUTED = 40  # more are no accident


def listed(heading):
    """The scripts in the first column of the table below a heading."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.M | re.S)[1]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([a-z0-9/-]+)`", row)}


def verdicts(namespace, names, at_once):
    done = namespace.run("/usr/bin/python3", "-B", "-m", "tests.support.linux_scripts", SCRIPTS, MOST_SECONDS, at_once,
                         *sorted(names), cwd=ROOT, timeout=600)
    assert done.returncode == 0, done.stderr
    return {found["script"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_every_listed_script_exists():
    for name in listed("Differences") | listed("Either"):
        assert (SCRIPTS / f"{name}.script").exists(), name


@pytest.mark.alone
def test_linux_differs_where_the_page_says_so(namespace):
    differs, either = listed("Differences"), listed("Either")
    found = verdicts(namespace, [str(path.relative_to(SCRIPTS).with_suffix("")) for path in SCRIPTS.rglob("*.script")], 24)

    def judged(verdict):
        return {name for name, one in found.items() if one["verdict"] == verdict}

    # Time is real: what contradicts the page gets the machine for itself, a few times.
    for _ in range(ROUNDS):
        disputed = judged("differs") - differs - either | judged("same") & differs
        if not disputed or len(disputed) > MOST_DISPUTED:
            break
        found |= verdicts(namespace, disputed, 1)
    by_verdict = {verdict: judged(verdict) for verdict in ("same", "differs", "not applicable")}
    print({verdict: len(names) for verdict, names in by_verdict.items()})
    assert len(by_verdict["same"]) > 200, "the device or the sockets do not work as they should"
    release = re.search(r"Seen with Linux (\d+\.\d+)", PAGE.read_text(encoding="utf-8"))[1]
    if not platform.release().startswith(f"{release}."):
        pytest.skip(f"the page is about Linux {release}, this is {platform.release()}")
    unlisted = [f"{name}: {found[name]['detail']}" for name in sorted(by_verdict["differs"] - differs - either)]
    assert not unlisted, "differences that are not on the page:\n" + "\n".join(unlisted)
    assert not by_verdict["same"] & differs, f"these do not differ any more: {sorted(by_verdict['same'] & differs)}"

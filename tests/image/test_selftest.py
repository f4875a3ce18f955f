"""holm selftest: every protection holds, and a check that finds a hole says so."""

import json
import os
import subprocess

import pytest

from tests.support import tenders
from tests.support.instance import BIN

HOLM = BIN / "holm"


def selftest(*words, environment=None):
    return subprocess.run([HOLM, "selftest", *words], capture_output=True, text=True, timeout=900, check=False,
                          env={**os.environ, **(environment or {})})


@pytest.mark.long
@pytest.mark.parametrize("tender", (tenders.PROCESS, tenders.VM, tenders.MICROVM), ids=str)
def test_every_protection_holds(tender):
    tender.or_skip()
    done = selftest("--json", "--tender", tender.program.removeprefix("holm-"))
    report = json.loads(done.stdout)
    assert [check for check in report["checks"] if not check["passed"]] == []
    assert done.returncode == 0 and report["failed"] == 0 and report["passed"] == len(report["checks"]) >= 50
    assert all(check["tried"] and check["happened"] for check in report["checks"])


def test_the_table_says_what_was_tried_and_what_happened():
    done = selftest("write-code")
    assert done.returncode == 0 and done.stdout.endswith("1 passed, 0 failed\n")
    assert "tried:    write to the image's code at 0x" in done.stdout
    assert "happened: panic: cannot write to address 0x" in done.stdout


def test_an_unknown_check_is_named():
    done = selftest("write-everything")
    assert done.returncode == 1 and 'is called "write-everything"' in done.stderr

"""The request to stop, as plain programs see it (tests/image/images/stop)."""

import functools
import os
import signal
import subprocess
import time

import pytest

from tests.support import tenders
from tests.support.instance import BIN, IMAGES


@pytest.fixture
def start(start, every_tender):
    """All of it on every tender: the image is the same file."""
    return functools.partial(start, tender=every_tender)


@pytest.mark.parametrize("way", ["poll", "pipe", "pause"])
def test_a_handler_makes_the_stop_orderly(start, way):
    instance = start("tests/stop", arguments=[way])
    instance.wait_for("ready")
    assert instance.stop() == 3, instance.output()
    assert "orderly" in instance.output()


def test_who_ignores_the_request_is_ended_after_the_grace_period(start):
    instance = start("tests/stop", "--grace", "300", arguments=["ignore"])
    instance.wait_for("ready")
    asked = time.monotonic()
    assert instance.stop() == 143, instance.output()
    assert 0.25 < time.monotonic() - asked


def test_who_knows_nothing_of_it_ends_at_once(start):
    instance = start("tests/stop", "--grace", "600000", arguments=["nothing"])
    instance.wait_for("ready")
    assert instance.stop() == 143, instance.output()


@pytest.mark.parametrize("tender", [tenders.PROCESS, tenders.VM], ids=str)
def test_a_request_may_come_before_the_first_instruction(tender):
    """It is pending when the tender begins."""

    def ask_first():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.kill(os.getpid(), signal.SIGTERM)

    program = tender.or_skip().program
    done = subprocess.run([str(BIN / program), *tender.options, str(IMAGES / "tests" / "stop"), "--", "nothing"], preexec_fn=ask_first,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 143, done

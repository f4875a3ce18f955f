"""The request to stop, as plain programs see it (tests/image/images/stop)."""

import functools
import time

import pytest


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

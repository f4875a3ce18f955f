"""The C and C++ standard libraries inside an image: tests/image/images/library has a file for each group of checks."""

import functools

import pytest

GROUPS = ["containers", "streams", "text", "exceptions", "threads", "waiting", "time", "files", "memory", "descriptors",
          "system"]


@pytest.fixture
def start(start, every_tender):
    """All of it on every tender: the image is the same file."""
    return functools.partial(start, tender=every_tender)


@pytest.mark.parametrize("group", GROUPS)
def test_group(start, group):
    instance = start("tests/library", arguments=[group])
    status = instance.wait()
    assert status == 0, instance.output()
    assert " checks, 0 failed" in instance.output()


def test_all_groups_in_one_run(start):
    instance = start("tests/library")
    assert instance.wait() == 0, instance.output()


def test_what_is_not_implemented_is_refused_once_and_loudly(start):
    instance = start("tests/library", arguments=["system"])
    assert instance.wait() == 0, instance.output()
    lines = [line for line in instance.output().splitlines() if line.startswith("holm: ")]
    assert lines.count("holm: system call 161 (chroot) is not implemented; returned ENOSYS") == 1, lines
    assert any("a handler for a signal" in line for line in lines), lines
    assert instance.output().rstrip().endswith("at exit: 1\nat exit: 2")


def test_sockets_over_loopback(start):
    instance = start("tests/sockets")
    status = instance.wait()
    assert status == 0, instance.output()
    assert " checks, 0 failed" in instance.output()

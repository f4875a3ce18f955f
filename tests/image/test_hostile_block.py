"""Guests of the vm tender that abuse their block device (images/hostile/block.c): a request that cannot be gets a status,
rings that break the rules end the guest with one sentence, and the file is as it was."""

import os
import subprocess

import pytest

from tests.support.instance import BIN, IMAGES

IMAGE = IMAGES / "tests" / "hostile"
SIZE = 65536
READ, WRITE, UNKNOWN = 0, 1, 77
OK, ERROR, UNSUPPORTED = 0, 1, 2
FORBIDDEN, REFUSED = 159, 125


@pytest.fixture(autouse=True, scope="module")
def machine():
    if not IMAGE.exists():
        pytest.skip("build/images/tests/hostile is not built")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("/dev/kvm is missing, or not permitted")


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"\xa5" * SIZE)
    yield path
    content = path.read_bytes()
    assert len(content) == SIZE and content[512:] == b"\xa5" * (SIZE - 512)


def run(disk, *words, settings=""):
    command = [str(BIN / "holm-vm"), "--block", f"disk={disk}{settings}", str(IMAGE), "--", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "words, settings, status",
    [
        (("block-request", READ, 0), "", OK),
        (("block-request", WRITE, 0), "", OK),
        (("block-request", READ, SIZE // 512 - 1), "", OK),
        (("block-request", READ, SIZE // 512), "", ERROR),
        (("block-request", WRITE, SIZE // 512), "", ERROR),
        (("block-request", WRITE, 0), ",ro", ERROR),
        (("block-request", READ, 1), ",sector=4096", ERROR),
        (("block-far-request", WRITE, 0), "", ERROR),
        (("block-far-request", READ, 1 << 54), "", ERROR),
        (("block-request", UNKNOWN, 0), "", UNSUPPORTED),
        (("block-data-on-a-guard-page",), "", ERROR),
        (("block-flood", 200), "", OK),
    ],
)
def test_a_request_that_cannot_be_gets_a_status(disk, words, settings, status):
    done = run(disk, *words, settings=settings)
    assert done.returncode == 0 and done.stderr == "" and done.stdout == f"status {status:#x}\n", done


@pytest.mark.parametrize(
    "word, sentence",
    [
        ("block-without-header", "a request is shorter than its header"),
        ("block-without-status", "a request has no room for its status"),
        ("block-loop", "a buffer has more descriptors than are allowed, or they form a loop"),
        ("block-outside", "a descriptor points to memory that the guest cannot use in this way"),
        ("block-into-code", "a descriptor points to memory that the guest cannot use in this way"),
        ("block-index", "its available index says that there are more buffers than descriptors"),
    ],
)
def test_a_queue_that_breaks_the_rules_ends_the_guest(disk, word, sentence):
    done = run(disk, word)
    assert done.returncode == FORBIDDEN, done
    assert done.stderr == f"holm-vm: hostile: was ended: it broke the rules of the queues of device 0: {sentence}\n"


def test_a_status_on_a_guard_page_ends_the_guest(disk):
    done = run(disk, "block-status-on-a-guard-page")
    assert done.returncode == REFUSED and done.stderr.count("\n") == 1, done
    assert "the image's memory is gone where the tender needed it: a guard page" in done.stderr

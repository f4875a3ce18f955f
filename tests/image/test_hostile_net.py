"""Guests of the vm tender that abuse their network device (images/hostile/net.c): frames that nobody can send are lost, rings
that break the rules end the guest with one sentence."""

import os
import socket
import subprocess

import pytest

from tests.support.instance import BIN, IMAGES

IMAGE = IMAGES / "tests" / "hostile"
FORBIDDEN = 159


@pytest.fixture(autouse=True, scope="module")
def machine():
    if not IMAGE.exists():
        pytest.skip("build/images/tests/hostile is not built")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("/dev/kvm is missing, or not permitted")


def run(word):
    """What the guest did to a stream, and what came out of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        number = theirs.fileno()
        command = [str(BIN / "holm-vm"), "--net", f"lan=stream:{number}", str(IMAGE), "--", word]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, pass_fds=[number])
        ours.setblocking(False)
        try:
            sent = ours.recv(100_000)
        except BlockingIOError:
            sent = b""
    return done, sent


def test_a_frame_is_sent():
    done, sent = run("net-frame")
    assert done.returncode == 0 and done.stdout == "returned 0x1\n", done
    assert sent == (60).to_bytes(4, "big") + bytes(60)


@pytest.mark.parametrize("word", ["net-short-frame", "net-long-frame", "net-from-a-guard-page"])
def test_a_frame_that_cannot_be_is_lost(word):
    done, sent = run(word)
    assert done.returncode == 0 and done.stdout == "returned 0x1\n" and done.stderr == "", done
    assert sent == b""


@pytest.mark.parametrize(
    "word, sentence",
    [
        ("net-loop", "a buffer has more descriptors than are allowed, or they form a loop"),
        ("net-outside", "a descriptor points to memory that the guest cannot use in this way"),
        ("net-head", "a descriptor that does not exist is part of a buffer"),
        ("net-index", "its available index says that there are more buffers than descriptors"),
        ("net-indirect", "a descriptor has flags that are not in use"),
        ("net-receive-into-code", "a descriptor points to memory that the guest cannot use in this way"),
        ("net-receive-without-room", "a receive buffer's first part has no room for a header"),
    ],
)
def test_a_queue_that_breaks_the_rules_ends_the_guest(word, sentence):
    done, sent = run(word)
    assert done.returncode == FORBIDDEN, done
    assert done.stderr == f"holm-vm: hostile: was ended: it broke the rules of the queues of device 1: {sentence}\n"
    assert sent == b""

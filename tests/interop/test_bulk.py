"""Endless TCP streams over a tap: every byte in its place, whichever way, and a reader that dawdles harms nobody."""

import sys
import time

import pytest

from tests.support.instance import ROOT

CLIENT = ROOT / "bench" / "programs" / "bulk_client.py"


@pytest.fixture
def bulk(lan, start, every_tender):
    instance = start("tests/bulk", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=every_tender)
    instance.wait_for("bulk: ready")
    return instance


def python(lan, source, *arguments):
    done = lan.run(sys.executable, "-c", source, *arguments, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_the_image_takes_is_what_was_sent(lan, bulk):
    done = lan.run(sys.executable, CLIENT, "take", lan.GUEST, "2", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr  # the image has counted and compared
    assert int(done.stdout.split()[0]) > 1_000_000
    assert bulk.alive()


@pytest.mark.parametrize("port", [19, 20], ids=["copied", "by reference"])
def test_what_the_image_gives_is_what_it_should(lan, bulk, port):
    python(lan, """
import socket, sys
period = 251 * 256
pattern = bytes((i + i // 251) & 255 for i in range(period)) * 3
stream = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60)
at = 0
while at < 100_000_000:
    piece = stream.recv(period)
    start = at % period
    assert piece == pattern[start:start + len(piece)], f"wrong bytes behind {at}"
    at += len(piece)
""", lan.GUEST, str(port))
    assert bulk.alive()


def test_a_dawdling_reader_and_a_writer_that_meets_a_closed_window(lan, bulk):
    """One peer leaves what it is sent unread, another is left unread for want of processor time; a third is served."""
    python(lan, """
import socket, sys, time
address = sys.argv[1]
lazy = [socket.create_connection((address, port), timeout=60) for port in (19, 20, 19, 20)]
time.sleep(1)
stream = socket.create_connection((address, 9), timeout=60)
period = 251 * 256
pattern = bytes((i + i // 251) & 255 for i in range(period)) * 16
for _ in range(20):
    stream.sendall(pattern)
stream.shutdown(socket.SHUT_WR)
assert stream.makefile().read().split() == [str(20 * len(pattern)), "0"]
for one in lazy:
    assert len(one.recv(1000)) > 0
""", lan.GUEST)
    assert bulk.alive()


def test_many_streams_at_once(lan, bulk):
    python(lan, """
import socket, sys, threading
period = 251 * 256
pattern = bytes((i + i // 251) & 255 for i in range(period)) * 16
wrong = []
def send():
    stream = socket.create_connection((sys.argv[1], 9), timeout=60)
    for _ in range(4):
        stream.sendall(pattern)
    stream.shutdown(socket.SHUT_WR)
    answer = stream.makefile().read().split()
    if answer != [str(4 * len(pattern)), "0"]:
        wrong.append(answer)
threads = [threading.Thread(target=send) for _ in range(32)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not wrong, wrong
""", lan.GUEST)
    assert bulk.alive()
    time.sleep(0.1)
    assert "panic" not in bulk.output()

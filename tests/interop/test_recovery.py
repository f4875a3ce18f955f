"""TCP where the network is unkind: streams through loss keep every byte, a SYN flood harms nobody who is connected.

`./holm test --full` takes the sizes of the promises (100 MB, 10,000 connections); without it they are smaller."""

import hashlib
import os
import random
import struct
import subprocess
import sys
import time

import pytest

from bench.lib import impaired
from bench.lib.machine import Skip, compiled
from bench.lib.namespaces import SERVER_ADDRESS, inside

FULL = "HOLM_TEST_FULL" in os.environ
PERIOD = 251 * 256


def pattern(length):
    """The stream of tests/image/images/bulk."""
    whole = bytes((i + i // 251) & 255 for i in range(PERIOD))
    return whole * (length // PERIOD) + whole[:length % PERIOD]


@pytest.fixture
def lossy(start):
    """The image bulk behind a link that loses 5 % of all frames; gives the client's namespace."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        with impaired.to_image(loss=50_000, seed=5) as (near, far):
            instance = start("tests/bulk", "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24", inside=Inside(far))
            instance.wait_for("bulk: ready")
            yield near
            assert instance.alive()
    except Skip as reason:
        pytest.skip(str(reason))


class Inside:
    """A namespace of bench/lib, as Instance wants it."""

    def __init__(self, name):
        self.name = name

    def command(self, *words):
        return inside(self.name, *words)


CONNECT = """
import socket, sys, time
address, length = sys.argv[1], int(sys.argv[2])
def connected(port):
    for _ in range(20):
        try:
            return socket.create_connection((address, port), timeout=100)
        except OSError:
            time.sleep(0.1)
    raise SystemExit("no connection")
"""


def python(namespace, source, *arguments, timeout=600):
    done = subprocess.run(inside(namespace, sys.executable, "-c", CONNECT + source, *map(str, arguments)), capture_output=True,
                          text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_download_through_five_percent_loss_has_the_right_hash(lossy):
    """By curl, which takes a stream without a head for HTTP/0.9; it ends when there is enough."""
    length = 100_000_000 if FULL else 4_000_000
    fetch = f"curl -s --http0.9 --connect-timeout 100 -o - http://{SERVER_ADDRESS}:20/ | head -c {length} | sha256sum"
    done = subprocess.run(inside(lossy, "sh", "-c", fetch), capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout.split()[:1] == [hashlib.sha256(pattern(length)).hexdigest()], done.stderr


def test_an_upload_through_five_percent_loss_arrives_whole(lossy):
    length = (100_000_000 if FULL else 4_000_000) // PERIOD * PERIOD
    found = python(lossy, """
stream = connected(9)
period = bytes((i + i // 251) & 255 for i in range(251 * 256))
for _ in range(length // len(period)):
    stream.sendall(period)
stream.shutdown(socket.SHUT_WR)
print(stream.makefile().read())
""", SERVER_ADDRESS, length)
    assert found.split() == [str(length), "0"]  # bytes, and pieces that were wrong


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn_frames(count, destination_mac, destination, port):
    """SYNs from addresses of the link that nobody has."""
    chance = random.Random(11)
    to = bytes(map(int, destination.split(".")))
    frames = []
    for _ in range(count):
        source = bytes([10, 77, chance.randrange(1, 250), chance.randrange(1, 250)])
        tcp = struct.pack("!HHIIBBHHHBBH", chance.randrange(1024, 65535), port, chance.getrandbits(32), 0, 0x60, 2, 64240, 0, 0,
                          2, 4, 1460)
        total = checksum(source + to + struct.pack("!HH", 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), chance.getrandbits(16), 0, 64, 6, 0) + source + to
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        frames.append(destination_mac + bytes.fromhex("020000000001") + b"\x08\x00" + ip + tcp)
    return frames


FLOOD = """
import socket, sys, time
frames = open(sys.argv[1], "rb").read()
size = 14 + 20 + 24
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("tap0", 0))
sent = 0
while True:
    for at in range(0, len(frames), size):
        try:
            raw.send(frames[at:at + size])
        except OSError:
            time.sleep(0.001)
        sent += 1
        if sent % 50 == 0:
            time.sleep(0.002)
"""


def test_connections_are_held_while_a_flood_of_syns_runs(lan, start, keep):
    count = 10_000 if FULL else 2_000
    instance = start("echo", "--mem", "64M", "--net", f"lan=tap0,ip={lan.GUEST}/16", inside=lan)
    instance.wait_for("echo: listening")
    lan.run("sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=1024 65535")
    command = lan.command(compiled("idle_connections"), count, lan.GUEST, "7", lan.HOST)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        mac = bytes.fromhex(lan.run("ip", "neigh", "show", lan.GUEST).stdout.split("lladdr ")[1].split()[0].replace(":", ""))
        (keep / "frames").write_bytes(b"".join(syn_frames(5_000, mac, lan.GUEST, 7)))
        flood = subprocess.Popen(lan.command(sys.executable, "-c", FLOOD, keep / "frames"))
        try:
            time.sleep(1)
            # Who comes now is served: the handshake is one of a cookie. Some SYNs may find the tap full.
            done = lan.run(sys.executable, "-c", """
import socket, sys
for i in range(20):
    stream = socket.create_connection((sys.argv[1], 7), timeout=120)
    stream.sendall(b"hello")
    assert stream.recv(5) == b"hello"
""", lan.GUEST, timeout=250)
            assert done.returncode == 0, done.stderr
            assert flood.poll() is None
            # The holder asks each of its connections once more, while the flood goes on.
            holder.stdin.close()
            assert holder.wait(120) == 0
        finally:
            flood.terminate()
            flood.wait(60)
    assert instance.alive()

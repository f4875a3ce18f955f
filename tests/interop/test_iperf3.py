"""Debian's iperf3 and our TCP (tests/image/images/iperf3): both ways, over both families, in one stream and in four. What one
side says was sent is what the other says has arrived; nothing is asked of the speed."""

import json
import re
import sys

import pytest

SIZE = 20 << 20
GUEST6 = "fd00:77::2"


@pytest.fixture
def begin(lan, start):
    """begin(tender) starts the server."""
    def run(tender):
        lan.ip("addr", "add", "fd00:77::1/64", "dev", "tap0", "nodad")
        instance = start("tests/iperf3", "--net", f"lan=tap0,ip={lan.GUEST}/24,ip6={GUEST6}/64", inside=lan, tender=tender)
        instance.wait_for("iperf3: ready")
        return instance

    return run


def client(lan, *options, address=None):
    """What iperf3 reports; with --json it ends with status 0 in any case and says of an error in there."""
    done = lan.run("timeout", "100", "iperf3", "--json", "-c", address or lan.GUEST, *options, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def counted(instance, verb, test=0):
    """What the server says of its test: its own bytes, the streams, the client's bytes."""
    line = rf"^iperf3: {verb} (\d+) bytes in (\d+) streams, the client (\d+)$"
    instance.wait_for("streams, the client ")
    return [int(number) for number in re.findall(line, instance.output(), re.MULTILINE)[test]]


def errors(lan):
    """Segments that the kernel found damaged."""
    names, values = (line.split() for line in lan.run("cat", "/proc/net/snmp").stdout.splitlines() if line.startswith("Tcp:"))
    counters = dict(zip(names[1:], map(int, values[1:])))
    return counters["InErrs"], counters["InCsumErrors"]


def check(report, lan, streams):
    assert "error" not in report, report["error"]
    assert len(report["end"]["streams"]) == streams
    assert errors(lan) == (0, 0)
    return report["end"]["sum_sent"]["bytes"], report["end"]["sum_received"]["bytes"]


RUNS = {
    "IPv4": (["-n", SIZE], None, 1),
    "IPv6": (["-n", SIZE], GUEST6, 1),
    "four streams": (["-n", SIZE, "-P", "4"], None, 4),
}


@pytest.mark.parametrize("run", RUNS)
def test_what_iperf3_sends_is_what_arrives(lan, begin, tender, run):
    options, address, streams = RUNS[run]
    instance = begin(tender)
    sent, received = check(client(lan, *options, address=address), lan, streams)
    assert sent == received >= SIZE
    assert counted(instance, "took") == [received, streams, sent]


@pytest.mark.parametrize("run", RUNS)
def test_what_iperf3_asks_for_is_what_it_gets(lan, begin, tender, run):
    options, address, streams = RUNS[run]
    instance = begin(tender)
    sent, received = check(client(lan, "-R", *options, address=address), lan, streams)
    assert sent == received == SIZE
    assert counted(instance, "gave") == [sent, streams, received]


def test_for_a_second_one_after_another(lan, begin):
    """A test's end in the middle of things leaves nothing behind that would harm the next one."""
    instance = begin("holm-process")
    sent, received = check(client(lan, "-t", "1"), lan, 1)
    assert sent == received > 0
    assert counted(instance, "took") == [received, 1, sent]
    sent, received = check(client(lan, "-t", "1", "-R", "-P", "2"), lan, 2)
    assert sent >= received > 0  # iperf3 leaves uncounted what comes behind the end
    instance.wait_for("iperf3: gave")
    assert counted(instance, "gave") == [sent, 2, received]


NONSENSE = r"""
import socket, struct, sys
cookie, other = b"a" * 36 + b"\0", b"b" * 36 + b"\0"
def connect(first):
    stream = socket.create_connection((sys.argv[1], 5201), timeout=60)
    stream.sendall(first)
    return stream
def asked(first):
    stream = connect(first)
    assert stream.recv(1) == b"\x09"
    return stream
def all_of(stream):
    return b"".join(iter(lambda: stream.recv(100), b""))
refused = lambda number: b"\xfe" + struct.pack(">II", number, 0)
valid = b'{"tcp":true,"parallel":2}'
for number, text in (
    (114, b"no JSON"), (114, b"[]"), (114, b"[" * 60000), (114, b'{"tcp":true,"num":-1}'), (114, b'{"tcp":true,"time":"x"}'),
    (6, b'{"tcp":true,"parallel":1000000}'), (7, b'{"tcp":true,"len":0}'), (13, b'{"udp":true}'), (13, b'{"tcp":true,"omit":1}'),
):
    stream = asked(cookie)
    stream.sendall(struct.pack(">I", len(text)) + text)
    assert all_of(stream) == refused(number), text[:50]
stream = asked(cookie)
stream.sendall(struct.pack(">I", 0xffffffff))  # more than will ever be read
assert all_of(stream) == refused(114)
connect(b"short").close()
# One test at a time; and its streams have its cookie.
first = asked(cookie)
assert all_of(connect(other)) == b"\xff"
first.sendall(struct.pack(">I", len(valid)) + valid)
assert first.recv(1) == b"\x0a"
assert all_of(connect(other)) == b"\xff"
streams = [connect(cookie), connect(cookie)]
assert first.recv(1) + first.recv(1) == b"\x01\x02"
assert all_of(connect(cookie)) == b"\xff"  # one too many
streams[0].sendall(b"x" * 1000)
first.sendall(b"\x10")  # done, in the middle of the test
assert all_of(first) == b""
"""


def test_nonsense_is_refused_and_harms_nobody(lan, begin):
    instance = begin("holm-process")
    done = lan.run(sys.executable, "-c", NONSENSE, lan.GUEST, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not implemented" in client(lan, "-u")["error"]
    sent, received = check(client(lan, "-n", "1M"), lan, 1)
    assert sent == received >= 1 << 20
    assert instance.alive() and "panic" not in instance.output()

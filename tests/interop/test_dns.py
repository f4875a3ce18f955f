"""The name server beside Knot and NSD: the same zones, the same questions, answers compared section by section."""

import shutil
import sys
import textwrap

import pytest

from tests.interop.dns import project, secondary, servers, validation
from tests.support.instance import BIN

QUERIES = 260_000


@pytest.fixture
def peers(lan, tmp_path):
    """Knot and NSD with the zones, on the loopback device of the namespace."""
    for program in ("knotd", "nsd", "ldns-signzone", "ldns-read-zone", "delv"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    zones = servers.make_zones(tmp_path)
    inside = lambda words: lan.command(*words)
    started = []
    try:
        started.append(servers.start_knot(inside, tmp_path, zones))
        started.append(servers.start_nsd(inside, tmp_path, zones))
        for server, port in zip(started, (5301, 5302), strict=True):
            for zone in zones:
                server.wait_until_it_answers(inside, "127.0.0.1", port, zone)
        yield zones
    finally:
        for server in started:
            server.end()


@pytest.mark.long
def test_answers_are_those_of_knot_and_nsd(lan, peers, tmp_path, start):
    image = project.image_of(tmp_path, peers, lists=secondary.LISTS, keys=secondary.KEYS)
    # Knot once more, with zones of yesterday: it asks for today's when it is told of them, not before tomorrow.
    inside = lambda words: lan.command(*words)
    outdated = secondary.start_knot(inside, tmp_path)
    try:
        for zone in secondary.ZONES:
            outdated.wait_until_it_answers(inside, secondary.ADDRESS, 53, zone)
        instance = start(image, "--net", "lan=tap0,ip=10.77.0.2/24", inside=lan)
        check_answers(lan, peers, tmp_path, instance)
        validation.check(lan, tmp_path, "10.77.0.2")
        secondary.check(lan, outdated)
        assert instance.stop() == 0
    finally:
        outdated.end()


def check_answers(lan, peers, tmp_path, instance):
    instance.wait_for("listening")
    table = tmp_path / "build" / "named.compiled" / "zones"
    words = [f"{name}={file}" for name, file in peers.items()]
    compared = lan.run(BIN / "dns-compare", table, 20261121, QUERIES, "127.0.0.1:5301=knot", "127.0.0.1:5302=nsd",
                       "10.77.0.2:53=image", "--", *words, timeout=300)
    print(compared.stdout)
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert f"{QUERIES * 3} answers" in compared.stdout
    # The whole zones too, as records: ours are written in canonical order, theirs as they like.
    for zone in peers:
        ours, theirs = (lan.run("dig", "+noall", "+answer", "+onesoa", "+nocrypto", "@" + address, "-p", port, zone, "AXFR", *key).stdout.split("\n")
                        for address, port, key in (("10.77.0.2", "53", secondary.key_option(zone)), ("127.0.0.1", "5301", [])))
        assert len(ours) >= 20
        assert sum("UPPER.Case" in line for line in ours) >= (zone == "kinds.test")  # letters as they were written
        assert sorted(line.lower().split() for line in ours) == sorted(line.lower().split() for line in theirs), zone


HOSTILE = textwrap.dedent("""
    import random, socket, struct
    chance = random.Random(20261121)
    question = b"\\3www\\7example\\4test\\0" + struct.pack("!HH", 1, 1)
    query = struct.pack("!HHHHHH", 7, 256, 1, 0, 0, 0) + question
    server = ("10.77.0.2", 53)

    # Datagrams: lengths, flags, counts, loops, all at random.
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect(server)
    for i in range(4000):
        message = bytearray(query)
        for _ in range(chance.randrange(1, 6)):
            message[chance.randrange(len(message))] = chance.choice([0, 1, 0x28, 0x40, 0xc0, 0x0c, 0xff, chance.randrange(256)])
        udp.send(bytes(message[:chance.randrange(len(message) + 1)] if i % 3 == 0 else message + chance.randbytes(chance.choice([0, 0, 1, 600]))))
    udp.send(struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0) + b"\\xc0\\x0c\\0\\1\\0\\1")

    # A stream: an empty message, one in single bytes, many at once with a transfer among them.
    tcp = socket.create_connection(server, timeout=60)
    tcp.sendall(b"\\0\\0")
    framed = struct.pack("!H", len(query)) + query
    for byte in framed:
        tcp.sendall(bytes([byte]))
    axfr = struct.pack("!HHHHHH", 99, 0, 1, 0, 0, 0) + b"\\7example\\4test\\0" + struct.pack("!HH", 252, 1)
    many = b"".join(struct.pack("!H", len(query)) + struct.pack("!H", 1000 + i) + query[2:] for i in range(200))
    tcp.sendall(struct.pack("!H", len(axfr)) + axfr + many)
    ids, received = [], b""
    while len(ids) < 202:
        received += tcp.recv(65536)
        while len(received) >= 2 and len(received) >= 2 + struct.unpack("!H", received[:2])[0]:
            size = struct.unpack("!H", received[:2])[0]
            ids.append(struct.unpack("!H", received[2:4])[0])
            received = received[2 + size:]
    assert sorted(ids) == sorted([7, 99, *range(1000, 1200)]), ids
    assert ids.index(99) > 10, "queries that came with the one for the transfer are answered before it"
    half = socket.create_connection(server, timeout=60)  # left open with half a message
    half.sendall(framed[:9])
""")


def test_hostile_messages_end_nothing(lan, start):
    lan.ip("addr", "add", "fd77::1/64", "dev", "tap0", "nodad")
    instance = start("dns", "--net", "lan=tap0,ip=10.77.0.2/24,ip6=fd77::2/64", inside=lan)
    instance.wait_for("listening")
    done = lan.run(sys.executable, "-c", HOSTILE, timeout=200)
    assert done.returncode == 0, done.stderr
    kdig = lambda *words: lan.run("kdig", "@10.77.0.2", "+timeout=5", "+retry=11", *words).stdout
    assert "BADVERS" in kdig("www.example.test", "+edns=3")
    assert "NOERROR" in kdig("www.example.test", "+ednsopt=65001:010203", "+bufsize=512", "+adflag", "+cdflag")
    assert "FORMERR" in kdig("www.example.test", "+ednsopt=10:01")
    assert "REFUSED" in kdig("www.example.com")
    assert "NOTAUTH" in kdig("example.test", "NOTIFY")
    assert "10.0.0.5" in kdig("WWW.eXample.test")
    told = lan.run("dig", "@10.77.0.2", "+time=5", "+tries=12", "+cookie", "WWW.eXample.test").stdout
    assert "\nWWW.eXample.test." in told and "(good)" in told, told
    assert "holm" in kdig("version.bind", "TXT", "CH")
    for way in ("+notcp", "+tcp"):
        assert "10.0.0.5" in lan.run("kdig", "@fd77::2", "+timeout=5", "+retry=11", way, "www.example.test").stdout
    assert instance.stop() == 0


PATIENT = textwrap.dedent(r"""
    import socket, struct, time
    def answers(tcp, slowly=0):
        received = b""
        while True:
            while len(received) >= 2 and len(received) >= 2 + (size := struct.unpack("!H", received[:2])[0]):
                yield received[2:2 + size]
                received = received[2 + size:]
            chunk = tcp.recv(65536)
            if not chunk:
                return
            received += chunk
    def question(number, kind):
        text = struct.pack("!HHHHHH", number, 0, 1, 0, 0, 0) + b"\7example\4test\0" + struct.pack("!HH", kind, 1)
        return struct.pack("!H", len(text)) + text
    # Two transfers and a query at once.
    tcp = socket.create_connection(("10.77.0.2", 53), timeout=60)
    tcp.sendall(question(1, 252) + question(2, 252) + question(3, 6))
    ids = set()
    for answer in answers(tcp):
        ids.add(struct.unpack("!H", answer[:2])[0])
        if ids == {1, 2, 3}:
            break
    assert ids == {1, 2, 3}, ids
    # Many answers for somebody who is slow to read them: what is in the server's send buffer is not taken away.
    tcp = socket.socket()
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    tcp.settimeout(60)
    tcp.connect(("10.77.0.2", 53))
    count = 400
    tcp.sendall(b"".join(question(i, 6) for i in range(count)))
    time.sleep(13)
    for seen, answer in enumerate(answers(tcp)):
        assert struct.unpack("!H", answer[:2])[0] == seen
        if seen == count - 1:
            break
    assert seen == count - 1, seen
""")


@pytest.mark.long
def test_transfers_queue_up_and_slow_clients_get_all(lan, start):
    instance = start("dns", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    instance.wait_for("listening")
    done = lan.run(sys.executable, "-c", PATIENT, timeout=200)
    assert done.returncode == 0, done.stderr
    assert instance.stop() == 0


def test_every_tender_serves(lan, start, every_tender):
    instance = start("dns", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=every_tender)
    instance.wait_for("listening", 120)
    for way in ("+notcp", "+tcp"):
        answer = lan.run("dig", "+time=5", "+tries=12", way, f"@{lan.GUEST}", "web.example.test", "AAAA").stdout
        assert "fd00::5" in answer and "status: NOERROR" in answer, answer
    assert instance.stop() == 0

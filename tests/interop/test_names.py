"""Names through getaddrinfo, against a DNS server of the test's own on the other end of a tap."""

import pathlib
import re
import subprocess
import sys
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

SERVER = textwrap.dedent("""
    import socket, struct
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("10.77.0.1", 53))
    print("ready", flush=True)
    while True:
        query, peer = server.recvfrom(512)
        end = query.index(0, 12) + 5
        question, kind = query[12:end], struct.unpack("!H", query[end - 4:end - 2])[0]
        known = question.lower().startswith(b"\\x06island\\x04test\\x00")
        answer = b""
        if known and kind == 1:
            answer = b"\\xc0\\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([10, 77, 0, 9])
        if known and kind == 28:
            answer = b"\\xc0\\x0c" + struct.pack("!HHIH", 28, 1, 60, 16) + bytes([0xfd] + 14 * [0] + [9])
        flags = 0x8180 if known else 0x8183
        server.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, bool(answer), 0, 0) + question + answer, peer)
""")


def test_getaddrinfo_asks_the_configured_server(lan, start):
    server = subprocess.Popen(lan.command(sys.executable, "-c", SERVER), stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        known = start("tests/resolve", "--net", "lan=tap0", inside=lan, arguments=["island.test"])
        assert known.wait() == 0, known.output()
        assert "address: 10.77.0.9" in known.output()
        assert "address: fd00::9" in known.output()
        time.sleep(0.2)  # the tap is free again
        unknown = start("tests/resolve", "--net", "lan=tap0", inside=lan, arguments=["nowhere.test"])
        assert unknown.wait() == 1, unknown.output()
        assert "error: Name does not resolve" in unknown.output()
    finally:
        server.kill()
        server.wait()


# How the server lies (tests/interop/attacks/dns_liar.py), and how many datagrams of it answer nothing; the truth follows.
LIES = {"id": 8, "question": 4, "shape": 11, "pointers": 3, "chain": 1, "crowd": 16, "elsewhere": 0, "mapped": 0, "oversize": 0,
        "poison": 0, "truncated": 0, "ttl-none": 0, "ttl-negative": 0, "ttl-long": 0}
VICTIMS = ["victim.test", "ttl-long.test", "ttl-long.test", "loop.test", "cut.test"]


def test_a_server_that_lies_is_not_believed(lan, start):
    lan.ip("addr", "add", "10.77.0.3/24", "dev", "tap0")
    server = subprocess.Popen(lan.command(sys.executable, "-m", "tests.interop.attacks.dns_liar", lan.HOST, "10.77.0.3"),
                              cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "ready\n"
        names = [f"{how}.test" for how in LIES] + VICTIMS
        asked = start("tests/resolve", "--net", "lan=tap0,ip6=off", inside=lan, arguments=names)
        assert asked.wait() == 1, asked.output()
        told = asked.output()
        assert "10.66.6.6" not in told
        answers = dict(re.findall(r"(?m)^name: (\S+)\n(.*)$", told))
        for name in names:
            wanted = "error: " if name in ("loop.test", "cut.test") else "address: 10.77.0.9"
            assert answers[name].startswith(wanted), f"{name}:\n{told}"
        assert "address: ::ffff" not in told
        counted = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", told.splitlines()[-1])}
        # Lies that come twice because an answer was late are counted twice.
        assert counted["ignored"] >= sum(LIES.values()), told
        assert counted["streams"] >= 3 and counted["failed"] == 1, told
        time.sleep(0.1)
    finally:
        server.kill()
        questions = server.communicate()[0].splitlines()
    # What is good for long is asked once, for each family; the poison was not taken for an answer about somebody else.
    assert questions.count("question ttl-long 1") == 1 and questions.count("question victim 1") >= 1
    assert "stream crowd" in questions and "stream truncated" in questions

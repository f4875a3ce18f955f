"""Names through getaddrinfo, against a DNS server of the test's own on the other end of a tap."""

import subprocess
import sys
import textwrap
import time

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

"""A firewall whose tables are small, and senders that mean harm: those who behave are served, and what is dropped is counted
under a name that says why."""

import pathlib
import re
import subprocess
import sys

import pytest

from tests.interop.test_router import Lab
from tests.support import tenders
from tests.support.waiting import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = "10.0.2.80"
FLOWS = 64  # of the image

# Answers each datagram with its length and each connection with a line; says when it is there.
SERVE = f"""
import socket, socketserver, threading
class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(100): self.request.sendall(data)
class Datagram(socketserver.BaseRequestHandler):
    def handle(self): self.request[1].sendto(str(len(self.request[0])).encode(), self.client_address)
class Tcp(socketserver.ThreadingTCPServer): request_queue_size, daemon_threads, allow_reuse_address = 256, True, True
class Udp(socketserver.UDPServer): max_packet_size = 65535
threading.Thread(target=Tcp(("{SERVER}", 80), Stream).serve_forever, daemon=True).start()
server = Udp(("{SERVER}", 53), Datagram)
print("there", flush=True)
server.serve_forever()
"""

# Opens connections until one is refused time to open; then says how many there are, and whether the first still works.
FILL = f"""
import socket
held = []
def opened():
    try: held.append(socket.create_connection(("{SERVER}", 80), timeout=2)); held[-1].sendall(b"hello"); return held[-1].recv(10) == b"hello"
    except OSError: return False
while len(held) < {FLOWS * 2} and (opened() or opened()): pass
held[0].settimeout(30); held[0].sendall(b"again")
print(len(held), held[0].recv(10).decode())
"""

# From many ports to one: asks until answers come no more, and asks the first again.
ASK = """
import socket
def ask(s):
    for _ in range(5):
        s.sendto(b"question", ("10.0.1.2", 5353))
        try: return s.recv(100)
        except TimeoutError: pass
sockets = []
for i in range(12):
    sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)); sockets[-1].settimeout(0.3)
answers = [bool(ask(s)) if i < 4 else bool(s.sendto(b"question", ("10.0.1.2", 5353))) and False for i, s in enumerate(sockets)]
print(sum(answers), bool(ask(sockets[0])))
"""

ANSWER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.0.1.2", 5353)); print("there", flush=True)
while True:
    data, sender = s.recvfrom(100); s.sendto(b"%d" % sender[1], sender)
"""


@pytest.fixture
def lab(keep, start, namespace):
    assert namespace  # it skips where none can be made
    made = Lab(keep, start, tenders.PROCESS, "tests/firewall-narrow")
    made.dmz.ip("addr", "add", f"{SERVER}/24", "dev", "eth0")
    yield made
    made.close()


def python(host, program):
    """A program that goes on in a namespace, from when it says so on."""
    process = subprocess.Popen(host.command("/usr/bin/python3", "-u", "-c", program), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "there\n"
    return process


def counted(lab):
    page = lab.dmz.run("curl", "-sf", "-m", "60", "http://10.0.2.1:9100/metrics").stdout
    return {reason or name: int(value) for name, reason, value in
            re.findall(r'(?m)^firewall_(\w+?)(?:_total)?(?:\{reason="(\w+)"\})? (\d+)$', page)}


def attack(lab, *words):
    done = lab.wan.run(sys.executable, "-B", "-m", "tests.interop.attacks.transit", *map(str, words), cwd=ROOT)
    assert done.returncode == 0, done.stderr


def asked(lab, size):
    """What the server says of a datagram that takes fragments; asked again, for any of them may be lost."""
    program = (f"import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)\n"
               f"s.sendto(bytes({size}), ('{SERVER}', 53)); print(s.recv(100).decode())")
    return lab.wan.run("/usr/bin/python3", "-c", program).stdout.strip()


# Asks the server by the router's outside address, from inside.
HAIRPIN = """
import socket
s = socket.create_connection(("10.0.1.1", 8080), timeout=30); s.sendall(b"hello")
print(s.recv(10).decode(), s.getpeername())
"""


def test_who_behaves_is_served_all_the_same(lab):
    lab.wan.run("sysctl", "-q", "-w", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
    serving, answering = python(lab.dmz, SERVE), python(lab.wan, ANSWER)
    try:
        until(lambda: asked(lab, 4000) == "4000", lab.router.output)
        # From inside by the outside address, and back the same way.
        assert lab.dmz.run("/usr/bin/python3", "-c", HAIRPIN).stdout == "hello ('10.0.1.1', 8080)\n"
        # Fragments of datagrams that never become whole.
        attack(lab, "fragments", SERVER, 400)
        until(lambda: asked(lab, 4000) == "4000", lab.router.output)
        seen = counted(lab)
        assert seen["fragment_no_room"] > 0 and seen["fragment_overlap"] > 0, seen

        # Four ports for all who ask the same server from inside.
        until(lambda: lab.dmz.run("/usr/bin/python3", "-c", ASK).stdout == "4 True\n", lambda: str(counted(lab)))
        seen = counted(lab)
        assert seen["nat_no_port"] > 0, seen

        # Half-open connections of nobody give way to those of somebody.
        attack(lab, "syns", SERVER, 500)
        seen = counted(lab)
        assert seen["flows_evicted"] > 0 and seen["flows"] <= FLOWS, seen
        filled = lab.wan.run("/usr/bin/python3", "-c", FILL, timeout=120)
        count, answer = filled.stdout.split()
        assert FLOWS / 2 < int(count) <= FLOWS and answer == "again", filled.stdout + filled.stderr
        seen = counted(lab)
        assert seen["flow_table_full"] > 0, seen
        assert lab.router.alive()
    finally:
        for process in (serving, answering):
            process.terminate()
            process.wait(20)
            process.stdout.close()

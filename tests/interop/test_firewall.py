"""The firewall example between Linux hosts: what it lets through, translates, and counts."""

import re
import subprocess

import pytest

from tests.interop.test_router import Lab
from tests.support.waiting import until


@pytest.fixture
def lab(keep, start, namespace, tender):
    assert namespace  # it skips where none can be made
    made = Lab(keep, start, tender, "firewall")
    made.dmz.ip("addr", "add", "10.0.2.80/24", "dev", "eth0")
    yield made
    made.close()


def metrics(lab):
    return lab.dmz.run("curl", "-sf", "-m", "60", "http://10.0.2.1:9100/metrics").stdout


def counted(lab, rule):
    """What the rules with this text have counted."""
    page = metrics(lab)
    found = re.findall(rf'firewall_rule_packets_total{{[^}}]*rule="[^}}]*{re.escape(rule)}[^}}]*}} (\d+)', page)
    assert found, page
    return sum(map(int, found))


# Asks until somebody says why not: the error that this is to the socket.
ASK = """
import errno, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((sys.argv[1], int(sys.argv[2]))); s.settimeout(0.05)
for _ in range(1000):
    try: s.send(b"x"); s.recv(10)
    except TimeoutError: continue
    except OSError as error: print(errno.errorcode[error.errno]); break
"""


def refusal(host, address, port):
    return host.run("/usr/bin/python3", "-c", ASK, address, str(port), timeout=120).stdout.strip()


class Listener:
    """A web server of one file inside of a namespace, and who has asked it."""

    def __init__(self, host, address, port, folder):
        self.log = folder / f"listener-{port}.log"
        with open(self.log, "w", encoding="utf-8") as log:
            # Not -m http.server: it asks a name server who it is.
            program = ("import http.server, os, socketserver, sys; os.chdir(sys.argv[1]); "
                       "socketserver.ThreadingTCPServer((sys.argv[2], int(sys.argv[3])), "
                       "http.server.SimpleHTTPRequestHandler).serve_forever()")
            self.process = subprocess.Popen(host.command("/usr/bin/python3", "-u", "-c", program, folder, address, str(port)),
                                            stderr=log, stdout=log)
        until(lambda: host.run("curl", "-s", "-m", "5", "-o", "/dev/null", f"http://{address}:{port}/").returncode == 0,
              self.log.read_text)

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def test_what_the_firewall_lets_through(lab, tmp_path):
    (tmp_path / "page").write_text("behind the firewall\n" + "x" * 300_000)
    inside, outside = Listener(lab.dmz, "10.0.2.80", 80, tmp_path), Listener(lab.wan, "10.0.1.2", 8000, tmp_path)
    try:
        # The router's address stands for the server, which sees who asks.
        for address in ("10.0.1.1", "10.0.2.80"):
            page = lab.wan.run("curl", "-sf", "-m", "60", f"http://{address}/page")
            assert page.stdout.startswith("behind the firewall") and len(page.stdout) > 300_000, lab.router.output()
        assert "10.0.1.2 " in inside.log.read_text()
        # The other way round the router speaks for those behind it.
        assert lab.dmz.run("curl", "-sf", "-m", "60", "http://10.0.1.2:8000/page").returncode == 0
        assert "10.0.1.1 " in outside.log.read_text() and "10.0.2." not in outside.log.read_text()
        # Nobody listens there: the host's word of it finds the way back through the translation.
        assert refusal(lab.dmz, "10.0.1.2", 9) == "ECONNREFUSED"
        assert "100% packet loss" in lab.wan.run("ping", "-c", "3", "-i", "0.2", "-W", "1", "10.0.2.2").stdout
        assert counted(lab, "icmp type echo-request counter drop") == 3
        # Another port: dropped and logged, nothing comes back.
        assert lab.wan.run("curl", "-s", "-m", "1", "http://10.0.2.80:81/").returncode == 28
        lab.router.wait_for("dropped: IN=wan OUT=dmz SRC=10.0.1.2 DST=10.0.2.80 PROTO=6")
        # Beyond five a second senders are told: administratively prohibited.
        assert refusal(lab.wan, "10.0.2.80", 81) == "EHOSTUNREACH"
        assert counted(lab, "counter reject with icmpx admin-prohibited") > 0
        assert lab.wan.run("curl", "-s", "-m", "1", "http://10.0.1.1:9100/metrics").returncode == 28
        page = metrics(lab)
        assert 'firewall_dropped_packets_total{reason="rule"}' in page
        assert int(re.search(r"firewall_flows (\d+)", page)[1]) > 0
    finally:
        inside.close()
        outside.close()

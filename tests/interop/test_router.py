"""The router example between Linux hosts: each of its devices leads into a namespace of its own."""

import json
import re
import secrets
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import Namespace
from tests.runner.build import ROOT
from tests.support import tenders
from tests.support.waiting import until

# Interface: namespace's device, host's addresses, default routes.
SIDES = {
    "wan": ("10.0.1.2", "10.0.1.1", "fd00:1::2", "fd00:1::1"),
    "dmz": ("10.0.2.2", "10.0.2.1", "fd00:2::2", "fd00:2::1"),
}


class Lab:
    """A router whose taps have been handed over to hosts: lab.wan and lab.dmz are their namespaces."""

    def __init__(self, folder, start, tender, image="router"):
        self.namespaces = []
        self.home = self.namespace(folder)
        taps = {side: f"{side}{secrets.token_hex(3)}" for side in SIDES}
        for tap in taps.values():
            self.home.ip("tuntap", "add", tap, "mode", "tap", "vnet_hdr")
            self.home.ip("link", "set", tap, "up")
        options = [option for side, tap in taps.items() for option in ("--net", f"{side}={tap}")]
        self.router = start(image, *options, inside=self.home, tender=tender)
        self.router.wait_for("router: forwarding")
        for side, (address, gateway, address6, gateway6) in SIDES.items():
            host = self.namespace(folder)
            setattr(self, side, host)
            self.home.ip("link", "set", taps[side], "netns", host.name)
            host.ip("link", "set", taps[side], "name", "eth0")
            host.ip("addr", "add", f"{address}/24", "dev", "eth0")
            host.ip("addr", "add", f"{address6}/64", "dev", "eth0", "nodad")
            host.ip("link", "set", "eth0", "up")
            host.ip("route", "add", "default", "via", gateway)
            host.ip("-6", "route", "add", "default", "via", gateway6)

    def namespace(self, folder):
        made = Namespace(folder)
        self.namespaces.append(made)
        return made

    def close(self):
        for namespace in self.namespaces:
            namespace.close()

    def counter(self, interface, reason):
        page = self.dmz.run("curl", "-sf", "-m", "60", "http://10.0.2.1:9100/metrics").stdout
        found = re.search(rf'router_dropped_packets_total{{interface="{interface}",reason="{reason}"}} (\d+)', page)
        assert found, page
        return int(found[1])


@pytest.fixture
def make_lab(keep, start, namespace):
    assert namespace  # it skips where none can be made
    made = []

    def make(tender, image="router"):
        made.append(Lab(keep, start, tender, image))
        return made[-1]

    yield make
    for one in made:
        one.close()


def hears(host, text, *words, seconds=60):
    """Whether a ping is answered so, which it need not be at the first try."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if text in host.run("ping", "-c", "1", "-W", "2", *words).stdout:
            return True
    return False


def is_lost(host, *words):
    return "100% packet loss" in host.run("ping", "-c", "3", "-i", "0.2", "-W", "1", *words).stdout


def reaches(host, address, seconds=60):
    """Whether a ping gets through; the first ones may wait for duplicate address detection."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if host.run("ping", "-c", "1", "-W", "1", address).returncode == 0:
            return True
    return False


def gigabits(client, server, address):
    """What iperf3 carries in a second, which must be something."""
    with subprocess.Popen(server.command("iperf3", "-s", "-1"), stdout=subprocess.DEVNULL) as listening:
        for _ in range(50):
            done = client.run("iperf3", "-c", address, "-t", "1", "-f", "m")
            if done.returncode == 0:
                break
            time.sleep(0.1)
        listening.terminate()
    assert done.returncode == 0, done.stdout + done.stderr
    return float(re.search(r"([\d.]+) Mbits/sec +receiver", done.stdout)[1]) / 1000


def datagrams(lab):
    """The sizes of what arrives at dmz when wan sends 20 datagrams of 1000 bytes in one call (UDP_SEGMENT); sent again to
    another port if some are lost."""
    receive = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.0.2.2', int(sys.argv[1])))\n"
               "s.settimeout(10); print('bound', flush=True); print([len(s.recv(65535)) for _ in range(20)])")
    send = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(17, 103, 1000); "
            "s.sendto(bytes(20000), ('10.0.2.2', int(sys.argv[1])))")
    for port in ("7", "17", "27", "37"):
        with subprocess.Popen(lab.dmz.command("/usr/bin/python3", "-c", receive, port), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as receiver:
            assert receiver.stdout.readline() == "bound\n"
            sent = lab.wan.run("/usr/bin/python3", "-c", send, port)
            assert sent.returncode == 0, sent.stderr
            if sizes := json.loads(receiver.stdout.read() or "[]"):
                return sizes
    return []


def carried_intact(lab):
    """Whether 20 MB of random bytes that wan sends are what dmz receives."""
    receive = ("import hashlib, socket; l = socket.create_server(('10.0.2.2', 8)); print('bound', flush=True); s, _ = l.accept()\n"
               "h = hashlib.sha256()\nwhile part := s.recv(1 << 20): h.update(part)\nprint(h.hexdigest())")
    send = ("import hashlib, os, socket; s = socket.create_connection(('10.0.2.2', 8)); data = os.urandom(20_000_000)\n"
            "s.sendall(data); print(hashlib.sha256(data).hexdigest())")
    with subprocess.Popen(lab.dmz.command("/usr/bin/python3", "-c", receive), stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout.readline() == "bound\n"
        sent = lab.wan.run("/usr/bin/python3", "-c", send)
        assert sent.returncode == 0, sent.stderr
        return receiver.stdout.read() == sent.stdout


def test_hosts_reach_each_other_and_hear_of_what_goes_wrong(make_lab, tender):
    lab = make_lab(tender)
    for own in ("10.0.1.1", "10.0.2.1", "10.0.2.2", "fd00:1::1", "fd00:2::2"):
        assert reaches(lab.wan, own), f"{own}: {lab.router.output()}"
    assert hears(lab.wan, "ttl=63", "10.0.2.2")
    # What traceroute does: the router, then the host.
    assert hears(lab.wan, "From 10.0.1.1", "-t", "1", "10.0.2.2")
    assert hears(lab.wan, "From fd00:1::1", "-t", "1", "fd00:2::2")
    assert hears(lab.dmz, "Destination Host Unreachable", "198.51.100.1")
    assert hears(lab.dmz, "Packet filtered", "203.0.113.1")
    assert is_lost(lab.dmz, "192.0.2.1")
    assert lab.counter("dmz", "blackhole") >= 3
    assert lab.counter("wan", "hop_limit") >= 2
    # Source addresses of another side (RFC 2827).
    lab.wan.ip("addr", "add", "10.0.2.77/32", "dev", "lo")
    assert is_lost(lab.wan, "-I", "10.0.2.77", "10.0.2.2")
    assert lab.counter("wan", "reverse_path") >= 3
    assert datagrams(lab) == [1000] * 20
    assert carried_intact(lab)
    assert gigabits(lab.wan, lab.dmz, "10.0.2.2") > 0.01
    assert gigabits(lab.dmz, lab.wan, "fd00:1::2") > 0.01


def test_a_router_under_qemu(make_lab):
    lab = make_lab(tenders.MICROVM.or_skip())
    assert reaches(lab.wan, "10.0.2.2", 60), lab.router.output()
    assert reaches(lab.wan, "fd00:2::2", 60), lab.router.output()


def test_a_narrow_way_and_a_loop(make_lab):
    lab = make_lab(tenders.PROCESS, "tests/router-narrow")
    assert reaches(lab.dmz, "10.0.1.2") and reaches(lab.dmz, "fd00:1::2"), lab.router.output()
    assert hears(lab.dmz, "mtu = 1300", "-M", "do", "-s", "1400", "10.0.1.2")
    assert hears(lab.dmz, " 0% packet loss", "-M", "dont", "-s", "3000", "10.0.1.2")  # in fragments
    # The sender learns, and sends what fits.
    assert hears(lab.dmz, "Packet too big: mtu=1300", "-s", "1400", "fd00:1::2")
    assert hears(lab.dmz, " 0% packet loss", "-s", "1400", "fd00:1::2")
    assert "mtu 1300" in lab.dmz.run("ip", "-6", "route", "get", "fd00:1::2").stdout
    # Super-frames do not fit either: TCP comes down to segments that do, and goes on.
    assert gigabits(lab.dmz, lab.wan, "10.0.1.2") > 0.01
    assert lab.counter("dmz", "too_big") >= 2
    # The host behind the default route sends everything back.
    lab.wan.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0",
                "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.eth0.send_redirects=0")
    assert hears(lab.dmz, "Time to live exceeded", "10.99.0.1")
    # Whose hop is the last is a matter of evenness: with 63 it is the router's, behind 31 rounds.
    assert hears(lab.dmz, "Time to live exceeded", "-t", "63", "10.99.0.1")
    assert lab.counter("wan", "hop_limit") >= 1
    assert lab.router.alive()


def advertised_way(host):
    return "proto ra" in host.run("ip", "-6", "route", "show", "default").stdout


def takes_a_lease(lab, keep):
    lab.dmz.ip("addr", "flush", "dev", "eth0")
    lab.dmz.ip("link", "set", "eth0", "up")
    script = keep / "lease.sh"
    script.write_text(f'#!/bin/sh\n[ "$1" = bound ] && echo $ip $router $dns $mask $domain $lease > {keep}/lease\nexit 0\n')
    script.chmod(0o755)
    done = lab.dmz.run("udhcpc", "-i", "eth0", "-n", "-q", "-f", "-s", script, "-t", "30", "-T", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    address, *others = (keep / "lease").read_text().split()
    assert re.fullmatch(r"10\.0\.2\.1\d\d", address)
    assert others == ["10.0.2.1", "10.0.2.53", "24", "dmz.example", "43200"]
    lab.dmz.ip("addr", "add", f"{address}/24", "dev", "eth0")
    lab.dmz.ip("route", "add", "default", "via", "10.0.2.1")
    assert reaches(lab.dmz, "10.0.1.2")


def test_hosts_are_configured_by_the_router(make_lab, keep):
    lab = make_lab(tenders.PROCESS)
    lab.dmz.ip("-6", "addr", "flush", "dev", "eth0", "scope", "global")
    lab.dmz.ip("-6", "route", "del", "default")
    lab.dmz.run("sysctl", "-q", "-w", "net.ipv6.conf.eth0.accept_ra=2")
    lab.dmz.ip("link", "set", "eth0", "down")
    lab.dmz.ip("link", "set", "eth0", "up")
    deadline = time.monotonic() + 60
    while "fd00:2::" not in lab.dmz.run("ip", "-6", "addr", "show", "dev", "eth0", "scope", "global", "-tentative").stdout:
        assert time.monotonic() < deadline, lab.router.output()
        time.sleep(0.1)
    assert advertised_way(lab.dmz)
    assert reaches(lab.dmz, "fd00:1::2"), "no way by the advertised router"

    has_client = shutil.which("udhcpc", path="/usr/sbin:/sbin:/usr/bin:/bin") is not None
    if has_client:
        takes_a_lease(lab, keep)
    # Ended in order, it says that it is nobody's default router any more (RFC 4861, section 6.2.5).
    assert advertised_way(lab.dmz) and lab.router.stop() == 0, lab.router.output()
    until(lambda: not advertised_way(lab.dmz), lab.router.output)
    if not has_client:
        pytest.skip("udhcpc is not installed")


# Datagrams of many ports, some of each: by which tags they arrived, port by port.
ASK = """
import json, socket
seen = []
for _ in range(24):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); tags = []
    for _ in range(4):
        s.sendto(b"x", ("10.50.0.1", 7))
        try: tags.append(int(s.recv(10)))
        except TimeoutError: pass
    seen.append(tags)
print(json.dumps(seen))
"""

# What comes to port 7 within some seconds: from whom.
HEAR = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.0.1.2", 7)); s.settimeout(30); print("there", flush=True)
print(s.recvfrom(10)[1][0])
"""

# Datagrams at the end of their lives: how many are answered, and in how many seconds.
DYING = """
import select, socket, time
errors = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
errors.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
count, begin = 0, time.monotonic()
end = begin
for _ in range(3000): s.sendto(b"x", ("10.0.2.2", 9))
while select.select([errors], [], [], 1)[0]:
    count += errors.recv(2000)[20] == 11
    end = time.monotonic()
print(count, end - begin)
"""


def test_vlans_equal_ways_redirects_and_too_many_errors(make_lab):
    pytest.importorskip("scapy")
    lab = make_lab(tenders.PROCESS, "tests/router-ways")
    assert reaches(lab.dmz, "10.0.2.1")
    mac = re.search(r"lladdr (\S+)", lab.dmz.run("ip", "neigh", "show", "10.0.2.1").stdout)[1]
    hosts = subprocess.Popen(lab.dmz.command(sys.executable, "-B", "-m", "tests.support.vlan_hosts", "serve", "eth0", "10", "20"),
                             stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert hosts.stdout.readline() == "there\n"
        # From the one device, without a tag, to the VLANs of the other, and back.
        for address in ("10.0.10.2", "10.0.20.2", "fd00:10::2", "fd00:20::2"):
            assert reaches(lab.wan, address), lab.router.output()

        # Flows are spread over equal ways, and each stays on its own.
        flows = [set(tags) for tags in json.loads(lab.wan.run("/usr/bin/python3", "-c", ASK, timeout=120).stdout)]
        assert set().union(*flows) == {10, 20} and all(len(tags) <= 1 for tags in flows), flows

        # A source of another side: a strict check drops it, a loose one does not.
        with subprocess.Popen(lab.wan.command("/usr/bin/python3", "-c", HEAR), stdout=subprocess.PIPE, text=True) as hearing:
            assert hearing.stdout.readline() == "there\n"
            for tag in ("10", "20"):
                lab.dmz.run(sys.executable, "-B", "-m", "tests.support.vlan_hosts", "send", "eth0", tag, mac, f"10.0.2.{tag}", "10.0.1.2",
                            cwd=ROOT)
            assert hearing.stdout.readline() == "10.0.2.20\n"
        assert lab.counter("left", "reverse_path") >= 3 and lab.counter("right", "reverse_path") == 0
    finally:
        hosts.terminate()
        hosts.wait(20)
        hosts.stdout.close()

    # Who could ask the next hop himself is told so.
    lab.wan.ip("neigh", "replace", "10.0.1.9", "lladdr", "02:00:00:00:00:09", "dev", "eth0", "nud", "permanent")
    assert hears(lab.wan, "Redirect", "10.60.0.1")
    assert "via 10.0.1.9" in lab.wan.run("ip", "route", "get", "10.60.0.1").stdout

    # 1,000 errors a second, 50 at once, however many there are to tell of.
    dying = lab.counter("wan", "hop_limit")
    count, seconds = lab.wan.run("/usr/bin/python3", "-c", DYING, timeout=120).stdout.split()
    assert 0 < int(count) <= 51 + 1000 * float(seconds), f"{count} in {seconds} s"
    assert lab.counter("wan", "hop_limit") - dying >= int(count)
    assert lab.router.alive()

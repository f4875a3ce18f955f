"""The router example between Linux hosts: each of its devices leads into a namespace of its own."""

import re
import secrets
import subprocess
import time

import pytest

from tests.conftest import Namespace
from tests.support import tenders

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
        page = self.dmz.run("curl", "-sf", "-m", "5", "http://10.0.2.1:9100/metrics").stdout
        found = re.search(rf'router_dropped_packets_total{{interface="{interface}",reason="{reason}"}} (\d+)', page)
        assert found, page
        return int(found[1])


@pytest.fixture
def lab(keep, start, namespace, tender):  # `namespace` skips where none can be made
    made = Lab(keep, start, tender)
    yield made
    made.close()


def pings(host, *words):
    return host.run("ping", "-c", "3", "-i", "0.2", "-W", "3", *words).stdout


def reaches(host, address, seconds=20):
    """Whether a ping gets through; the first ones may wait for duplicate address detection."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if host.run("ping", "-c", "1", "-W", "1", address).returncode == 0:
            return True
    return False


def test_hosts_reach_each_other_and_hear_of_what_goes_wrong(lab):
    for own in ("10.0.1.1", "10.0.2.1", "10.0.2.2", "fd00:1::1", "fd00:2::2"):
        assert reaches(lab.wan, own), f"{own}: {lab.router.output()}"
    assert "ttl=63" in pings(lab.wan, "10.0.2.2")
    # What traceroute does: the router, then the host.
    assert "From 10.0.1.1" in pings(lab.wan, "-t", "1", "10.0.2.2")
    assert "From fd00:1::1" in pings(lab.wan, "-t", "1", "fd00:2::2")
    assert "Destination Host Unreachable" in pings(lab.dmz, "198.51.100.1")
    assert "Packet filtered" in pings(lab.dmz, "203.0.113.1")
    assert "100% packet loss" in pings(lab.dmz, "192.0.2.1")
    assert lab.counter("dmz", "blackhole") >= 3
    assert lab.counter("wan", "hop_limit") >= 3

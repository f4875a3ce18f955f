"""Addresses by DHCP over a tap, from a real server: dnsmasq."""

import re
import shutil
import subprocess
import time

import pytest

from tests.support import tenders

RENEW_AFTER = 30  # seconds; the client takes no shorter T1 from a server


class Server:
    """dnsmasq on the host's end of the tap. Its log says who asked for what."""

    def __init__(self, lan, folder, first=50):
        self.log = folder / f"dnsmasq-{first}.log"
        self.process = subprocess.Popen(
            lan.command("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=tap0", "--user=root",
                        "--except-interface=lo", "--bind-interfaces", "--no-ping", "--log-dhcp", f"--log-facility={self.log}",
                        f"--pid-file={folder / 'dnsmasq.pid'}", f"--dhcp-leasefile={folder / f'leases-{first}'}", "--dhcp-authoritative",
                        f"--dhcp-range=10.77.0.{first},10.77.0.{first + 10},255.255.255.0,2m", "--dhcp-option=option:router,10.77.0.1",
                        "--dhcp-option=option:dns-server,10.77.0.1", f"--dhcp-option-force=58,0.0.0.{RENEW_AFTER}"),
            stderr=subprocess.DEVNULL)

    def lines(self, word):
        text = self.log.read_text() if self.log.exists() else ""
        return [line for line in text.splitlines() if f" {word}(" in line]

    def wait_for(self, word, count, seconds):
        deadline = time.monotonic() + seconds
        while len(self.lines(word)) < count:
            assert self.process.poll() is None, "dnsmasq has ended"
            assert time.monotonic() < deadline, f"no {word} number {count}:\n{self.log.read_text()}"
            time.sleep(0.1)
        return self.lines(word)

    def end(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def server(lan, keep):
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    running = Server(lan, keep)
    yield running
    running.end()


@pytest.mark.long
def test_a_lease_is_taken_used_renewed_lost_and_given_back(lan, start, server, keep):
    lan.start_capture()
    instance = start("web", "--net", "lan=tap0,ip=dhcp", inside=lan)
    first = server.wait_for("DHCPACK", 1, 60)[0]
    address = re.search(r"10\.77\.0\.\d+", first)[0]
    assert 50 <= int(address.rsplit(".", 1)[1]) <= 60
    url = f"http://{address}/healthz"
    lan.wait_for_page(instance, url)  # the address is probed before it is used
    discovered = len(server.lines("DHCPDISCOVER"))  # a busy machine may have asked twice
    acknowledged = server.wait_for("DHCPACK", 2, RENEW_AFTER + 60)
    assert len(server.lines("DHCPDISCOVER")) == discovered, "a renewal asks the server, it does not start again"
    assert all(address in line for line in acknowledged)
    assert lan.run("curl", "-sf", "-m", "60", url).returncode == 0
    # A server that leases other addresses refuses to renew this one, and names another.
    server.end()
    other = Server(lan, keep, first=150)
    try:
        refused = other.wait_for("DHCPNAK", 1, RENEW_AFTER + 90)
        assert address in refused[0]
        changed = re.search(r"10\.77\.0\.\d+", other.wait_for("DHCPACK", 1, 60)[0])[0]
        assert changed != address
        lan.wait_for_page(instance, f"http://{changed}/healthz")
        assert lan.run("curl", "-sf", "--connect-timeout", "2", url).returncode != 0
        assert instance.stop() == 0, instance.output()
        released = other.wait_for("DHCPRELEASE", 1, 60)
        assert changed in released[0]
    finally:
        other.end()


def test_short_names_are_looked_for_in_the_domain_that_the_server_names(lan, start, keep):
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    daemon = subprocess.Popen(
        lan.command("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--interface=tap0",
                    "--user=root", "--except-interface=lo", "--bind-interfaces", "--no-ping", "--pid-file=",
                    f"--dhcp-leasefile={keep / 'leases'}", "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,2m",
                    "--dhcp-option=option:dns-server,10.77.0.1", "--dhcp-option=option:domain-search,away.test,island.test",
                    "--address=/boat.island.test/10.77.0.9", "--local=/test/"), stderr=subprocess.DEVNULL)
    try:
        asked = start("tests/resolve", "--net", "lan=tap0,ip=dhcp,ip6=off", inside=lan, arguments=["boat"])
        assert asked.wait() == 0, asked.output()
        assert "address: 10.77.0.9" in asked.output()
    finally:
        daemon.terminate()
        daemon.wait(20)


def test_an_instance_waits_for_a_server_that_comes_late(lan, start, keep):
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    instance = start("web", "--net", "lan=tap0,ip=dhcp", inside=lan)
    time.sleep(1)
    assert instance.alive(), instance.output()
    server = Server(lan, keep)
    try:
        server.wait_for("DHCPACK", 1, 90)
    finally:
        server.end()
    assert instance.stop() == 0, instance.output()


@pytest.mark.parametrize("tender", (tenders.PROCESS, tenders.VM), ids=str)
def test_every_tender_lets_the_release_out(lan, start, server, tender):
    instance = start("web", "--net", "lan=tap0,ip=dhcp", inside=lan, tender=tender.or_skip())
    address = re.search(r"10\.77\.0\.\d+", server.wait_for("DHCPACK", 1, 60)[0])[0]
    lan.wait_for_page(instance, f"http://{address}/healthz")
    assert instance.stop() == 0, instance.output()
    assert address in server.wait_for("DHCPRELEASE", 1, 60)[0]

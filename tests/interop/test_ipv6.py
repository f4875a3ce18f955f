"""The web example over IPv6: fixed addresses, the link's own, and what routers advertise, against Linux and dnsmasq."""

import hashlib
import re
import shutil
import subprocess
import time

import pytest

from tests.support import tenders

HOST = "fd00:77::1"
GUEST = "fd00:77::2"


@pytest.fixture(params=(tenders.PROCESS, tenders.VM, tenders.MICROVM), ids=str)
def a_tender(request):
    """One of each kind: what lies below the stack is the same on QEMU's other machines."""
    return request.param.or_skip()


@pytest.fixture
def lan6(lan):
    if lan.run("test", "-e", "/proc/net/if_inet6").returncode != 0:
        pytest.skip("this machine's kernel has no IPv6")
    lan.ip("addr", "add", f"{HOST}/64", "dev", "tap0", "nodad")
    lan.start_capture()
    return lan


@pytest.fixture
def router(lan6, keep):
    """dnsmasq advertises fd00:77::/64 on the tap, with itself as a router and a DNS server."""
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    log = keep / "dnsmasq.log"
    with open(log, "wb") as output:
        daemon = subprocess.Popen(
            lan6.command("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0",
                         "--interface=tap0", "--enable-ra", f"--dhcp-range={HOST},ra-only,64,1h", "--ra-param=tap0,4,600",
                         f"--dhcp-option=option6:dns-server,[{HOST}]", f"--dhcp-leasefile={keep / 'leases'}",
                         "--log-facility=-", "--log-dhcp"), stdout=output, stderr=subprocess.STDOUT)
    yield log
    daemon.terminate()
    daemon.wait(60)


def reached(lan, instance, url, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if lan.run("curl", "-6", "-gsf", "--connect-timeout", "2", "-m", "20", f"{url}/healthz").returncode == 0:
            return True
        assert instance.alive(), instance.output()
        time.sleep(0.1)
    return False


def answers_from(lan, group, source=None):
    """The addresses that answer a ping to a group."""
    options = ["-I", source] if source else []
    reply = lan.run("ping", "-6", "-c", "2", "-i", "0.3", "-W", "2", *options, group)
    return set(re.findall(r"from ([0-9a-f:]+?)(?:%tap0)?: icmp", reply.stdout))


def test_fixed_address(lan6, start, keep, a_tender):
    web = start("web", "--net", f"lan=tap0,ip=off,ip6={GUEST}/64,gw6={HOST}", inside=lan6, tender=a_tender)
    url = f"http://[{GUEST}]"
    assert reached(lan6, web, url), web.output()
    page = lan6.run("curl", "-6", "-gsS", "-i", url + "/")
    assert page.stdout.startswith("HTTP/1.1 200") and "<html" in page.stdout
    digests = set()
    for attempt in range(3):
        whole = keep / f"whole-{attempt}"
        assert lan6.run("curl", "-6", "-gsSf", "-o", whole, url + "/static/large.bin").returncode == 0
        digests.add(hashlib.sha256(whole.read_bytes()).hexdigest())
    assert len(digests) == 1
    flood = lan6.run("ping", "-6", "-f", "-q", "-c", "5000", "-s", "200", GUEST)
    assert " 0% packet loss" in flood.stdout, flood.stdout
    large = lan6.run("ping", "-6", "-c", "3", "-i", "0.2", "-s", "20000", GUEST)  # in fragments
    assert " 0% packet loss" in large.stdout, large.stdout
    closed = lan6.run("curl", "-6", "-gsS", "-m", "60", f"http://[{GUEST}]:81/")
    assert closed.returncode == 7, closed.stderr  # refused, and not after a timeout


def test_both_families_and_the_links_own_address(lan6, start):
    web = start("web", "--net", f"lan=tap0,ip={lan6.GUEST}/24,ip6={GUEST}/64", inside=lan6)
    assert reached(lan6, web, f"http://[{GUEST}]"), web.output()
    assert lan6.run("curl", "-sf", "-m", "60", f"http://{lan6.GUEST}/healthz").returncode == 0
    deadline = time.monotonic() + 60
    linked = []
    while not linked and time.monotonic() < deadline:  # until the kernel has an address of the link's itself
        own = [address for address in answers_from(lan6, "ff02::1%tap0") if address.startswith("fe80::")]
        linked = [address for address in own
                  if lan6.run("curl", "-6", "-gsf", "-m", "2", f"http://[{address}%25tap0]/healthz").returncode == 0]
    assert len(linked) == 1, "nobody serves at an address of the link's"


def test_address_from_a_router_without_configuration(lan6, router, start, a_tender):
    """SLAAC: nothing is said of addresses, and the instance is reached at one of the router's prefix, each time the same."""
    found = []
    for _ in range(2):
        web = start("web", "--net", "lan=tap0", inside=lan6, tender=a_tender)
        deadline = time.monotonic() + 60
        addresses = set()
        while not addresses and time.monotonic() < deadline:
            assert web.alive(), web.output()
            addresses = {address for address in answers_from(lan6, "ff02::1%tap0", HOST)
                         if address.startswith("fd00:77:") and address != HOST}
        assert len(addresses) == 1, router.read_text()
        found.append(addresses.pop())
        assert reached(lan6, web, f"http://[{found[-1]}]"), web.output()
        assert web.stop() == 0, web.output()
    if lan6.run("test", "-s", "/etc/machine-id").returncode == 0:
        assert found[0] == found[1]  # RFC 7217


def test_a_router_that_names_another_prefix(lan6, start, keep):
    """The instance has addresses of both: what was advertised before lasts as long as was said."""
    def daemon(host, log):
        return subprocess.Popen(
            lan6.command("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0",
                         "--interface=tap0", "--enable-ra", f"--dhcp-range={host},ra-only,64,1h", "--ra-param=tap0,4,600",
                         f"--dhcp-leasefile={keep / 'leases'}", "--log-facility=-", "--log-dhcp"), stdout=log, stderr=log)

    def answers(source, prefix):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = {each for each in answers_from(lan6, "ff02::1%tap0", source) if each.startswith(prefix) and each != source}
            if found:
                return found
            assert web.alive(), web.output()
        return set()

    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    web = start("web", "--net", "lan=tap0,ip=off", inside=lan6)
    found = []
    with open(keep / "dnsmasq.log", "wb") as log:
        for host, prefix in ((HOST, "fd00:77:"), ("fd00:78::1", "fd00:78:")):
            if host != HOST:
                lan6.ip("addr", "add", f"{host}/64", "dev", "tap0", "nodad")
            router = daemon(host, log)
            found += answers(host, prefix)
            router.terminate()
            router.wait(60)
    assert len(found) == 2
    for address in found:
        assert reached(lan6, web, f"http://[{address}]"), web.output()


def test_an_address_by_dhcp_is_used_and_given_back(lan6, start, keep):
    """DHCPv6: a router says that addresses are to be had, dnsmasq leases one."""
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    log = keep / "dnsmasq.log"
    daemon = subprocess.Popen(
        lan6.command("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0",
                     "--interface=tap0", "--enable-ra", "--dhcp-range=fd00:77::100,fd00:77::110,64,1h", "--ra-param=tap0,4,600",
                     f"--dhcp-leasefile={keep / 'leases'}", f"--log-facility={log}", "--log-dhcp"), stderr=subprocess.DEVNULL)

    def said(word):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            text = log.read_text() if log.exists() else ""
            if lines := [line for line in text.splitlines() if f" {word}(" in line]:
                return lines[0]
            assert daemon.poll() is None, "dnsmasq has ended"
            time.sleep(0.1)
        raise AssertionError(f"no {word}: {log.read_text()}")

    try:
        web = start("web", "--net", "lan=tap0,ip=off", inside=lan6)
        leased = re.search(r"fd00:77::1[01]?[0-9a-f]", said("DHCPREPLY"))[0]
        assert reached(lan6, web, f"http://[{leased}]"), web.output()
        assert web.stop() == 0, web.output()
        assert said("DHCPRELEASE")
    finally:
        daemon.terminate()
        daemon.wait(60)


def test_an_address_that_is_taken_is_not_used(lan6, start):
    lan6.ip("addr", "add", f"{GUEST}/64", "dev", "tap0", "nodad")
    web = start("web", "--net", f"lan=tap0,ip={lan6.GUEST}/24,ip6={GUEST}/64", inside=lan6)
    lan6.wait_for_page(web, f"http://{lan6.GUEST}/healthz")
    time.sleep(2)
    lan6.ip("addr", "del", f"{GUEST}/64", "dev", "tap0")
    assert lan6.run("curl", "-6", "-gsf", "-m", "2", f"http://[{GUEST}]/healthz").returncode != 0
    assert web.alive()

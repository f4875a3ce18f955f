"""examples/poc used by hand: dig, curl, ping and iperf3 from the client's namespace."""

import json
import shutil
import subprocess

import pytest

from tests.support.command import HOLM, holm, may_make_namespaces, need
from tests.support.instance import ROOT
from tests.support.topology import up
from tests.support.waiting import until


@pytest.fixture
def client(runtime):
    may_make_namespaces()
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
    for program in ("dig", "curl", "ping", "iperf3"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with up(ROOT / "examples" / "poc", runtime):
        yield lambda *words: holm("exec", "client", *words, runtime=runtime)


def dropped_pings(client):
    metrics = client("curl", "-s", "--max-time", "60", "http://gateway.holm.test:9100/metrics").stdout
    lines = [line for line in metrics.splitlines() if line.startswith("firewall_rule_packets_total{") and "echo-request" in line]
    return sum(int(line.split()[-1]) for line in lines)


def test_by_hand(client, runtime):
    """One topology for all: what is asked stands in examples/poc/README.md."""
    assert until(lambda: client("dig", "+short", "www.holm.test").stdout, "an answer") == "198.51.100.80\n"
    assert until(lambda: client("dig", "+short", "AAAA", "www.holm.test").stdout, "an answer") == "2001:db8:2::80\n"
    page = client("curl", "-s", "--max-time", "60", "http://www.holm.test/")
    assert page.returncode == 0 and "<!doctype html>" in page.stdout
    created = client("curl", "-s", "--max-time", "60", "--json", '{"name": "rope"}', "http://www.holm.test/api/items")
    assert json.loads(created.stdout)["name"] == "rope"
    before = dropped_pings(client)
    ping = client("ping", "-c", "2", "-i", "0.2", "-W", "1", "www.holm.test")
    assert ping.returncode == 1 and "100% packet loss" in ping.stdout
    assert dropped_pings(client) == before + 2
    # iperf3 on the DMZ's own client, through router and firewall.
    with subprocess.Popen(["timeout", "200", HOLM, "exec", "inside", "iperf3", "-s", "--one-off"], stdout=subprocess.DEVNULL,
                          env={"XDG_RUNTIME_DIR": str(runtime), "PATH": "/usr/bin:/bin"}) as server:
        measured = until(lambda: json.loads(client("iperf3", "-J", "-n", "20M", "-c", "inside.holm.test").stdout).get("end"), "a measurement")
        # The server counts until it hears, on another connection, that this was all.
        assert measured["sum_sent"]["bytes"] >= 20 << 20 and measured["sum_received"]["bytes"] > 10 << 20
        assert server.wait(60) == 0

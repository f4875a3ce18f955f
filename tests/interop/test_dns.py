"""The name server beside Knot and NSD: the same zones, the same questions, answers compared section by section."""

import shutil

import pytest

from tests.interop.dns import project, servers
from tests.support.instance import BIN

QUERIES = 150_000


@pytest.fixture
def peers(lan, tmp_path):
    """Knot and NSD with the zones, on the loopback device of the namespace."""
    for program in ("knotd", "nsd", "ldns-signzone"):
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


def test_answers_are_those_of_knot_and_nsd(lan, peers, tmp_path, start):
    image = project.image_of(tmp_path, peers)
    instance = start(image, "--net", "lan=tap0,ip=10.77.0.2/24", inside=lan)
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
        ours, theirs = (lan.run("dig", "+noall", "+answer", "+onesoa", "+nocrypto", "@" + address, "-p", port, zone, "AXFR").stdout.split("\n")
                        for address, port in (("10.77.0.2", "53"), ("127.0.0.1", "5301")))
        assert len(ours) > 40
        assert sorted(line.lower().split() for line in ours) == sorted(line.lower().split() for line in theirs), zone
    assert instance.stop() == 0

"""The name server beside Knot and NSD: the same zones, the same questions, answers compared section by section."""

import shutil
import subprocess

import pytest

from tests.interop.dns import servers
from tests.support.instance import BIN, ROOT

QUERIES = 150_000

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(named LANGUAGES C CXX ASM)
find_package(Holm REQUIRED)
holm_add_image(named SOURCES {sources}/main.cpp CONFIG {sources}/holm.toml)
holm_compiled_file(IMAGE named TOOL holm-zone OUTPUT zones INPUTS dns.toml)
"""


def image_of(folder, zones):
    """examples/dns with these zones, as a project of somebody's own."""
    servers.server_file(folder, zones)
    sources = ROOT / "examples" / "dns"
    (folder / "CMakeLists.txt").write_text(PROJECT.format(sources=sources))
    (folder / "holm.toml").write_text((sources / "holm.toml").read_text().replace('name = "dns"', 'name = "named"'))
    (folder / "CMakeLists.txt").write_text((folder / "CMakeLists.txt").read_text().replace(f"{sources}/holm.toml", "holm.toml"))
    for command in (["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", "-DCMAKE_CXX_COMPILER=clang++-19",
                     "-DCMAKE_C_COMPILER=clang-19", f"-DHolm_DIR={ROOT}/build/lib/cmake/Holm"], ["ninja", "-C", folder / "build"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "images" / "named"


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
    image = image_of(tmp_path, peers)
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

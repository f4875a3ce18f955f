"""holm demo, on each tender, killed, and where no networks can be made."""

import os
import subprocess
from xml.etree import ElementTree

import pytest

from tests.support.command import HOLM, holm, need, passt_or_skip
from tests.support.instance import ROOT
from tests.support.waiting import until


@pytest.mark.xdist_group("build/demo.svg")
@pytest.mark.parametrize("tender", ["process", "vm"])
def test_the_demo_goes_through(tender, runtime):
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("the demo's networks need root here, and /dev/net/tun")
    if tender == "vm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("/dev/kvm is missing, or not permitted")
    result = holm("demo", "--tender", tender, runtime=runtime, timeout=280)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "www.holm.test is 198.51.100.80" in result.stdout
    assert "blocked; its rule has counted 1" in result.stdout and "Gbit/s" in result.stdout
    picture = ElementTree.parse(ROOT / "build" / "demo.svg").getroot()
    assert {"client", "gateway", "dns", "web"} <= {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert "no instance runs" in holm("ps", runtime=runtime).stdout


@pytest.mark.xdist_group("build/demo.svg")
def test_a_demo_that_is_killed_leaves_nothing(runtime):
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("the demo's networks need root here, and /dev/net/tun")
    with subprocess.Popen([HOLM, "demo"], stdout=subprocess.PIPE, text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}) as demo:
        said = ""
        while "poc is up" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        demo.kill()
    until(lambda: {file.suffix for file in (runtime / "holm").iterdir()} <= {".log"}, "the end of its topology")


@pytest.mark.xdist_group("build/demo.svg")
def test_the_demo_where_no_networks_can_be_made():
    """In a mount namespace without /dev/net/tun: the web server alone, through passt."""
    need("web")
    passt_or_skip()
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("hiding /dev/net/tun needs root")
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh", str(HOLM), "demo"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, stdin=subprocess.DEVNULL, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "no networks can be made here (/dev/net/tun" in result.stdout
    assert "GET  /api/items" in result.stdout and "first reply" in result.stdout

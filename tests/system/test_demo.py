"""holm demo, on each tender, killed, and where no networks can be made."""

import contextlib
import os
import pty
import re
import shutil
import subprocess
import termios
from xml.etree import ElementTree

import pytest

from tests.support.command import HOLM, holm, need, passt_or_skip, without_root
from tests.support.instance import BIN, IMAGES, ROOT
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
    assert not list((runtime / "holm").iterdir())


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


@pytest.mark.xdist_group("/etc/passwd")
def test_the_demo_as_an_ordinary_user(user):
    """In a source tree of his own: all of it without root, the ping too."""
    name, folder = user
    for place in ("build/bin", "build/images", "toolchain", "examples"):
        (folder / place).mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "poc", folder / "examples" / "poc")
    for program in ("holm", "holm-process"):
        shutil.copy2(BIN / program, folder / "build" / "bin")
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
        shutil.copy2(IMAGES / image, folder / "build" / "images")
    shutil.chown(folder / "build", name)
    result = subprocess.run([*without_root(name, folder), folder / "build" / "bin" / "holm", "demo"], capture_output=True, text=True, timeout=280,
                            stdin=subprocess.DEVNULL, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "blocked; its rule has counted 1" in result.stdout and (folder / "build" / "demo.svg").exists()
    assert not list((folder / "runtime" / "holm").iterdir())


@pytest.mark.xdist_group("build/demo.svg")
@pytest.mark.parametrize("columns", [60, 200])
def test_the_demo_draws_what_fits_the_terminal(columns, runtime):
    """On a terminal of its own; colours move nothing."""
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("the demo's networks need root here, and /dev/net/tun")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    with subprocess.Popen([HOLM, "demo"], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                          env={**os.environ, "XDG_RUNTIME_DIR": str(runtime), "TERM": "xterm"}) as demo:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while part := os.read(ours, 65536):
                said += part
        os.close(ours)
        assert demo.wait(60) == 0, said
    text = said.decode().replace("\r", "")
    assert "\x1b[32m" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert ("┌──" in plain) == (columns == 200)
    assert (f"and this terminal has {columns}" in plain) == (columns == 60)
    times = [line.rindex(line.split()[-2]) for line in plain.splitlines() if line.startswith(("  name ", "  GET ", "  POST "))]
    assert len(times) == 4 and len(set(times)) == 1, plain


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

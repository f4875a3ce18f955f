"""Images and lwIP, Debian's liblwip on a tap of its own (peers/lwip_peer.c): a second stack that is neither ours nor Linux. It
has neither SACK nor timestamps, so that our side recovers by NewReno. Nothing of lwIP is in this repository."""

import contextlib
import ctypes.util
import hashlib
import subprocess

import pytest

from tests.support.instance import ROOT

PERIOD = 251 * 256
LWIP = ("tap1", "02:00:00:00:00:09", "10.77.0.9", "fd00:77::9")
IMAGE = ("10.77.0.2", "fd00:77::2")


def pattern(length):
    """The stream of the peer and of tests/image/images/bulk."""
    whole = bytes((i + i // 251) & 255 for i in range(PERIOD))
    return whole * (length // PERIOD) + whole[:length % PERIOD]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if ctypes.util.find_library("lwip") is None:
        pytest.skip("liblwip-dev is not installed")
    made = tmp_path_factory.mktemp("lwip") / "lwip_peer"
    subprocess.run(["clang-19", "-O1", "-Wall", "-Wextra", "-Werror", "-isystem", "/usr/include/lwip", "-o", made,
                    ROOT / "tests" / "interop" / "peers" / "lwip_peer.c", "-llwip", "-lpthread"], check=True)
    return made


@pytest.fixture
def bridged(namespace):
    """A tap for the image and one for lwIP behind one bridge, which cuts the image's large segments."""
    namespace.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    for tap, more in (("tap0", ["vnet_hdr"]), ("tap1", [])):
        namespace.ip("tuntap", "add", tap, "mode", "tap", *more)
        namespace.ip("link", "set", tap, "master", "br0", "up")
    namespace.ip("link", "set", "br0", "up")
    return namespace


@pytest.fixture
def lwip(bridged, program):
    """lwip(WORDS) runs the peer to its end; what it prints."""
    def run(*words):
        done = bridged.run(program, *LWIP, *words, timeout=120)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    return run


def begin(start, bridged, image, *arguments):
    return start(image, "--net", f"lan=tap0,ip={IMAGE[0]}/24,ip6={IMAGE[1]}/64", inside=bridged, arguments=arguments)


def test_lwip_sends_and_receives_streams(start, bridged, lwip):
    bulk = begin(start, bridged, "tests/bulk")
    bulk.wait_for("bulk: ready")
    length = 60 * PERIOD
    for address in IMAGE:
        assert lwip("give", address, "9", length).split() == [str(length), "0"]  # bytes, and pieces that were wrong
        lwip("take", address, "19", length)
        lwip("take", address, "20", length)  # by reference
    assert bulk.alive()


def test_lwip_is_echoed_streams_and_datagrams(start, bridged, lwip):
    echo = begin(start, bridged, "echo")
    echo.wait_for("listening")
    for address in IMAGE:
        lwip("echo", address, "7", 2_000_000)
        lwip("datagrams", address, "7")
    assert echo.alive()


@contextlib.contextmanager
def serving(bridged, program):
    with subprocess.Popen(bridged.command(program, *LWIP, "serve"), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.kill()


def test_an_image_fetches_from_lwip(start, bridged, program):
    length = 1_000_000
    urls = [f"http://{host}/{size}" for host in ("10.77.0.9", "[fd00:77::9]") for size in (length, 5)]
    with serving(bridged, program):
        fetch = begin(start, bridged, "fetch", *urls)
        assert fetch.wait() == 0, fetch.output()[-1000:]
        got = fetch.log.read_bytes()
    assert len(got) == 2 * (length + 5)
    assert hashlib.sha256(got).digest() == hashlib.sha256(2 * (pattern(length) + pattern(5))).digest()

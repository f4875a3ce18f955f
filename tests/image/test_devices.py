"""Network devices: what the tender makes of a tap, of an open descriptor and of a stream socket."""

import fcntl
import os
import socket
import struct
import subprocess

import pytest

from tests.image import probe

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_TUN = 2, 0x1000, 0x4000, 1
TAP, STREAM, NOT_GRANTED = 1, 2, 0
CHECKSUM_AND_TSO, USO = 7, 8
STATIC, DHCP = 1, 2


def report(*options, inside=None, **named):
    command = [str(probe.TENDER), *options, str(probe.PROBE), "--", "report"]
    if inside is not None:
        command = inside.command(*command)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **named)


def test_an_optional_device_may_be_missing():
    facts = probe.facts(report().stdout)
    assert facts["transport"] == NOT_GRANTED and facts["handle"] == 2**64 - 1


def test_a_tap_by_name(lan):
    done = report("--net", "lan=tap0,ip=10.77.0.2/24,gw=10.77.0.1,dns=10.77.0.1", inside=lan)
    facts = probe.facts(done.stdout)
    assert done.returncode == 0, done
    assert facts["transport"] == TAP and facts["offloads"] & ~USO == CHECKSUM_AND_TSO and facts["mtu"] == 1500
    assert facts["configuration"] == STATIC and facts["prefix"] == 24 and facts["address-0"] == 10
    assert facts["mac-0"] & 3 == 2  # locally administered, one station


def test_the_taps_mtu_is_told_unless_given(lan):
    lan.ip("link", "set", "tap0", "mtu", "9000")
    assert probe.facts(report("--net", "lan=tap0,ip=dhcp", inside=lan).stdout)["mtu"] == 9000
    facts = probe.facts(report("--net", "lan=tap0,mtu=1280,mac=02:00:00:00:00:07", inside=lan).stdout)
    assert facts["mtu"] == 1280 and facts["configuration"] == 0


def test_a_tap_in_use_is_refused(lan, start):
    holder = start(probe.PROBE, "--net", "lan=tap0", inside=lan, arguments=["wait"])
    holder.wait_for("ready")
    done = report("--net", "lan=tap0", inside=lan)
    assert done.returncode == probe.REFUSED
    assert done.stderr == "holm-process: device lan: interface tap0 is in use by another process\n"


def test_an_interface_that_is_no_tap_is_refused(lan):
    done = report("--net", "lan=lo", inside=lan)
    assert done.returncode == probe.REFUSED
    assert done.stderr == "holm-process: device lan: interface lo is no tap with a single queue\n"


def test_a_tap_of_another_user_is_refused(lan):
    lan.ip("tuntap", "add", "tap1", "mode", "tap", "vnet_hdr", "user", "12345")
    command = lan.command("setpriv", "--bounding-set=-all", "--inh-caps=-all", probe.TENDER, "--net", "lan=tap1", probe.PROBE)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == probe.REFUSED
    assert done.stderr == "holm-process: device lan: interface tap1 belongs to another user\n"


def open_tap(name, flags):
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    return descriptor


@pytest.fixture
def tun_device():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("opening a tap needs root and /dev/net/tun")


def test_an_open_tap(tun_device):
    descriptor = open_tap("holm-t%d", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
    done = report("--net", f"lan=fd:{descriptor}", pass_fds=[descriptor])
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    os.close(descriptor)
    facts = probe.facts(done.stdout)
    assert facts["transport"] == TAP and facts["handle"] == descriptor and facts["mtu"] == 1500
    assert flags & os.O_NONBLOCK


def test_a_tap_without_header_is_refused(tun_device):
    descriptor = open_tap("holm-t%d", IFF_TAP | IFF_NO_PI)
    done = report("--net", f"lan=fd:{descriptor}", pass_fds=[descriptor])
    os.close(descriptor)
    assert done.returncode == probe.REFUSED
    assert "must be a tap opened with IFF_TAP, IFF_NO_PI and IFF_VNET_HDR" in done.stderr


def test_a_connected_stream_socket():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        done = report("--net", f"lan=stream:{theirs.fileno()},ip=dhcp", pass_fds=[theirs.fileno()])
        facts = probe.facts(done.stdout)
        assert facts["transport"] == STREAM and facts["handle"] == theirs.fileno() and facts["offloads"] == 0
        assert facts["configuration"] == DHCP


@pytest.mark.parametrize(
    "kind, spec, sentence",
    [
        ("file", "fd", "its descriptor is no tap"),
        ("file", "stream", "its descriptor is no socket"),
        ("datagram", "stream", "its descriptor is a socket, but no stream socket"),
        ("unconnected", "stream", "its stream socket is not connected"),
    ],
)
def test_descriptors_of_another_kind_are_refused(kind, spec, sentence):
    things = {
        "file": lambda: open("/dev/null", "rb"),
        "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "unconnected": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    }
    with things[kind]() as thing:
        done = report("--net", f"lan={spec}:{thing.fileno()}", pass_fds=[thing.fileno()])
    assert done.returncode == probe.REFUSED
    assert done.stderr == f"holm-process: device lan: {sentence}\n"

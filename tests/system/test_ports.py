"""Ports without root: `holm run -p` as an ordinary user of this machine, and UDP through passt."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import urllib.request

import pytest

from tests.support.command import free_port, need, passt_or_skip
from tests.support.instance import BIN, IMAGES
from tests.support.waiting import until


@contextlib.contextmanager
def running(command, environment=None):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def fetch(url):
    """The status of an answer. The image may be quicker than passt, which then does not listen yet."""
    def status():
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.status
        except OSError:
            return None

    return until(status, f"{url} is not answered")


def record_in(folder):
    """The one instance's record. The image may have said its first word before holm has written it."""
    return until(lambda: next(folder.glob("*.instance"), None), f"no record in {folder}")


@pytest.mark.xdist_group("/etc/passwd")
def test_an_ordinary_user_publishes_a_port(user):
    need("web")
    passt_or_skip()
    name, folder = user
    shutil.copy2(IMAGES / "web", folder)
    port = free_port()
    as_user = ["setpriv", f"--reuid={name}", "--regid=nogroup", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(folder / "runtime"), "HOME": "/nonexistent"}
    command = [*as_user, str(folder / "holm"), "run", str(folder / "web"), "-p", f"{port}:80"]
    with running(command, environment) as process:
        assert "listening" in process.stdout.readline()
        record = record_in(folder / "runtime" / "holm")
        tender = re.search(r"(?m)^tender=(\d+)$", record.read_text())[1]
        status = pathlib.Path(f"/proc/{tender}/status").read_text()
        assert int(re.search(r"(?m)^Uid:\s+(\d+)", status)[1]) == record.stat().st_uid != 0
        assert re.search(r"(?m)^CapEff:\s+0+$", status) and re.search(r"(?m)^Seccomp:\s+2$", status)
        assert fetch(f"http://127.0.0.1:{port}/healthz") == 200
        listed = subprocess.run([*as_user, str(folder / "holm"), "ps"], env=environment, capture_output=True, text=True, check=False)
        assert f"127.0.0.1:{port} -> 80/tcp" in listed.stdout
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture
def two_machines(namespace):
    """Two namespaces with a link: `namespace` (10.79.0.1) is where holm runs, the other one (10.79.0.2) its neighbour and router."""
    peer = type(namespace)(namespace.folder)
    try:
        namespace.ip("link", "add", "here", "type", "veth", "peer", "name", "there", "netns", peer.name)
        for side, device, address in ((namespace, "here", "10.79.0.1"), (peer, "there", "10.79.0.2")):
            side.ip("addr", "add", f"{address}/24", "dev", device)
            side.ip("link", "set", device, "up")
        namespace.ip("route", "add", "default", "via", "10.79.0.2")
        yield namespace, peer
    finally:
        peer.close()


ASK = textwrap.dedent("""
    import socket, sys
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((sys.argv[1], int(sys.argv[2])))
    for size in (1, 100, 1400):
        message = bytes(i * 7 % 256 for i in range(size))
        for attempt in range(20):
            try:
                s.send(message)
                assert s.recv(65536) == message
                break
            except (TimeoutError, ConnectionRefusedError):
                pass
        else:
            sys.exit(f"no echo of {size} bytes")
""")


def test_udp_and_tcp_ports_lead_to_the_image(two_machines, tmp_path):
    need("echo")
    if shutil.which("passt") is None:
        pytest.skip("passt is not installed")
    here, peer = two_machines
    (tmp_path / "runtime").mkdir(mode=0o700)
    command = here.command(BIN / "holm", "run", IMAGES / "echo", "-p", "10.79.0.1:5353:7/udp", "-p", "10.79.0.1:5354:7")
    with running(command, {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "runtime")}) as process:
        assert "listening" in process.stdout.readline()
        asked = peer.run(sys.executable, "-c", ASK, "10.79.0.1", "5353", timeout=150)
        assert asked.returncode == 0, asked.stdout + asked.stderr
        by_tcp = peer.run(sys.executable, "-c", textwrap.dedent("""
            import socket
            s = socket.create_connection(("10.79.0.1", 5354), timeout=60)
            s.sendall(b"by TCP")
            assert s.recv(6, socket.MSG_WAITALL) == b"by TCP"
        """))
        assert by_tcp.returncode == 0, by_tcp.stderr
        process.terminate()
        assert process.wait(60) == 0


def test_udp_from_the_loopback_is_refused_with_the_way_out():
    need("echo")
    result = subprocess.run([BIN / "holm", "run", IMAGES / "echo", "-p", "5353:7/udp"], capture_output=True, text=True, timeout=100,
                            stdin=subprocess.DEVNULL, check=False)
    if shutil.which("passt") is None:
        pytest.skip("passt is not installed")
    assert result.returncode == 125
    assert "cannot lead UDP from the loopback address" in result.stderr and "name an address" in result.stderr


def has_ipv6_route():
    """passt takes part in IPv6 where there is a default route of it."""
    with contextlib.suppress(FileNotFoundError), open("/proc/net/ipv6_route", encoding="ascii") as routes:
        return any(line.startswith("0" * 32 + " 00 ") and line.split()[-1] != "lo" for line in routes)
    return False


def test_a_port_of_either_family_leads_to_the_image(tmp_path):
    need("web")
    passt_or_skip()
    if not has_ipv6_route():
        pytest.skip("this machine has no default route of IPv6")
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "runtime").mkdir(mode=0o700)
    other = free_port()  # passt takes a port's number once, whatever the family
    command = [BIN / "holm", "run", IMAGES / "web", "-p", f"[::1]:{port}:80", "-p", f"{other}:80"]
    with running(command, {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "runtime")}):
        assert fetch(f"http://[::1]:{port}/healthz") == 200
        assert fetch(f"http://127.0.0.1:{other}/healthz") == 200
        taken = subprocess.run([BIN / "holm", "run", IMAGES / "web", "-p", f"[::1]:{port}:80"], capture_output=True, text=True,
                               timeout=60, stdin=subprocess.DEVNULL, check=False)
        assert taken.returncode == 125 and f"TCP port {port} of ::1 is in use" in taken.stderr

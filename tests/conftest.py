"""Fixtures of the pytest tiers (image, interop, system). Every test owns its namespaces; failures keep pcap and console log."""

import os
import pathlib
import secrets
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import tenders  # noqa: E402: needs the path above
from tests.support.instance import Instance  # noqa: E402
from tests.support.waiting import until  # noqa: E402

FAILURES = ROOT / "build" / "test-failures"


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time, so that ./holm test runs nothing beside it")
    config.addinivalue_line("markers", "long: takes seconds by itself, so that it begins before others")
    config.addinivalue_line("markers", "xdist_group(name): shares something with others of the group, so that they run one after another")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


@pytest.fixture
def keep(request, tmp_path):
    """A folder for logs and captures; it is kept under build/test-failures when the test fails."""
    yield tmp_path
    reports = [getattr(request.node, f"report_{when}", None) for when in ("setup", "call")]
    if any(report is not None and report.failed for report in reports):
        target = FAILURES / f"{request.node.path.stem}-{request.node.name.replace('/', '_')}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(tmp_path, target, ignore_dangling_symlinks=True)
        print(f"kept: {target.relative_to(ROOT)}")


@pytest.fixture
def start(keep):
    """start(image, *options) runs an image under holm-process and ends it after the test; see Instance."""
    running = []

    def begin(image, *options, **named):
        instance = Instance(image, *options, log=keep / f"console-{len(running)}.log", **named)
        running.append(instance)
        return instance

    yield begin
    for instance in running:
        instance.end()


@pytest.fixture(params=tenders.OURS, ids=str)
def tender(request):
    """Each of Holm's own tenders in turn."""
    return request.param.or_skip()


@pytest.fixture(params=tenders.ALL, ids=str)
def every_tender(request):
    """Each tender in turn, QEMU's machines too, for what must be the same on all of them."""
    return request.param.or_skip()


class Namespace:
    """A network namespace of the test's own. `tap` is joined to the guest; the namespace's kernel is the peer."""

    HOST = "10.77.0.1"
    GUEST = "10.77.0.2"

    def __init__(self, folder):
        self.name = f"holm-test-{secrets.token_hex(4)}"
        self.folder = folder
        self.capture = None
        subprocess.run(["ip", "netns", "add", self.name], check=True, capture_output=True)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        subprocess.run(["ip", "-n", self.name, *words], check=True, capture_output=True, text=True)

    def add_tap(self, tap="tap0", address=HOST):
        self.ip("tuntap", "add", tap, "mode", "tap", "vnet_hdr")
        self.ip("addr", "add", f"{address}/24", "dev", tap)
        self.ip("link", "set", tap, "up")

    def command(self, *words):
        """The command line that runs `words` in here; nsenter, since `ip netns exec` remounts /sys."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, words)]

    def run(self, *words, timeout=60, **named):
        return subprocess.run(self.command(*words), capture_output=True, text=named.pop("text", True), timeout=timeout,
                              check=False, **named)

    def wait_for_page(self, instance, url, *options):
        """Until curl gets the page from the instance."""
        def there():
            assert instance.alive(), instance.output()
            return self.run("curl", "-gsf", "--connect-timeout", "1", "-m", "20", "-o", "/dev/null", *options, url).returncode == 0

        until(there, lambda: f"{url} is not answered:\n{instance.output()}")

    def start_capture(self, tap="tap0"):
        if shutil.which("tcpdump"):
            self.capture = subprocess.Popen(
                self.command("tcpdump", "-i", tap, "-U", "-s", "256", "-c", "20000", "-w", self.folder / f"{tap}.pcap"),
                stderr=subprocess.DEVNULL)

    def close(self):
        if self.capture is not None:
            self.capture.terminate()
            self.capture.wait(60)
        subprocess.run(["ip", "netns", "del", self.name], check=False)


@pytest.fixture
def namespace(keep):
    if os.geteuid() != 0:
        pytest.skip("making a network namespace needs root")
    if not pathlib.Path("/dev/net/tun").exists():
        pytest.skip("/dev/net/tun is missing")
    try:
        made = Namespace(keep)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"no network namespace can be made here: {error}")
    yield made
    made.close()


@pytest.fixture
def lan(namespace):
    """A namespace with a tap: the guest's address is lan.GUEST, the kernel's is lan.HOST."""
    namespace.add_tap()
    return namespace

"""A router of ours and Linux as a router, each between two hosts of its own: the same addresses, the same peers' kernels.

Ours: the far ends of two taps are the hosts' stacks. Linux: a namespace with forwarding on, joined to the hosts by veth
pairs. The hosts are `dmz` (10.0.2.2) and `wan` (10.0.1.2), and what is not theirs goes from one through the router to the
other, where it is dropped as soon as it is seen (nft, netdev ingress)."""

import contextlib
import json
import pathlib
import secrets
import signal
import subprocess
import tempfile
import time

from bench.lib.machine import BIN, IMAGES, Skip, compiled, cpu_nanoseconds, need, undisturbed
from bench.lib.namespaces import inside, ip

DUMP = "198.18.0.1"  # of the benchmark network (RFC 2544), by the router's default route
SIDES = {"wan": ("10.0.1.2", "10.0.1.1"), "dmz": ("10.0.2.2", "10.0.2.1")}


class Router:
    """A router between two namespaces: router.wan and router.dmz; router.mac["dmz"] is its own address there."""

    def __init__(self, name):
        self.name = name
        self.process = None
        self.home = None  # the namespace that Linux forwards in
        self.mac = {}
        self.host_mac = {}

    def cpu(self):
        """Nanoseconds of the router's process; Linux forwards on its senders' time."""
        return cpu_nanoseconds(self.process.pid) if self.process else 0

    def move(self, core):
        """Its process to a processor; Linux forwards on its senders'."""
        if self.process:
            subprocess.run(["taskset", "-pc", str(core), str(self.process.pid)], check=True, capture_output=True)

    def namespace(self, side):
        return getattr(self, side)

    def client(self, side, core, *command, timeout=60):
        done = subprocess.run(inside(self.namespace(side), *undisturbed(), "taskset", "-c", str(core), *command),
                              capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
        return done.stdout

    def dropped(self, side):
        """Packets that have got to the end of their way."""
        listed = subprocess.run(inside(self.namespace(side), need("nft"), "-j", "list", "table", "netdev", "end"),
                                capture_output=True, text=True, check=True).stdout
        return next(entry["counter"]["packets"] for entry in json.loads(listed)["nftables"] if "counter" in entry)


@contextlib.contextmanager
def _namespace(stack, router, side):
    del stack
    name = f"holm-bench-{secrets.token_hex(3)}"
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        if router is not None:
            setattr(router, side, name)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


def _settle(router, side, device):
    """Addresses, routes and the end of the way in a host's namespace."""
    name = router.namespace(side)
    address, gateway = SIDES[side]
    ip("-n", name, "link", "set", device, "name", "eth0")
    ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
    ip("-n", name, "link", "set", "eth0", "up")
    ip("-n", name, "route", "add", "default", "via", gateway)
    rules = (f"table netdev end {{\n counter seen {{ }}\n chain c {{\n type filter hook ingress device eth0 priority 0;\n"
             f" ip daddr {DUMP} counter name seen drop;\n }}\n}}\n")
    subprocess.run(inside(name, need("nft"), "-f", "-"), input=rules, text=True, check=True)
    shown = json.loads(subprocess.run(["ip", "-n", name, "-j", "link", "show", "eth0"], capture_output=True, text=True,
                                      check=True).stdout)
    router.host_mac[side] = shown[0]["address"]


def _meet(router):
    """Both sides know their way: a ping through the router, and who the router is."""
    for _ in range(100):
        done = subprocess.run(inside(router.dmz, "ping", "-c", "1", "-W", "1", SIDES["wan"][0]), capture_output=True, check=False)
        if done.returncode == 0:
            break
        time.sleep(0.05)
    else:
        raise RuntimeError(f"{router.name}: no way from dmz to wan")
    for side, (_, gateway) in SIDES.items():
        shown = json.loads(subprocess.run(["ip", "-n", router.namespace(side), "-j", "neigh", "show", gateway],
                                          capture_output=True, text=True, check=True).stdout)
        router.mac[side] = shown[0]["lladdr"]


@contextlib.contextmanager
def _between_taps(name, command, ready):
    """A process of its own between two taps, whose far ends are the hosts."""
    router = Router(name)
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(_namespace(stack, None, None))
        for side in SIDES:
            stack.enter_context(_namespace(stack, router, side))
        for side in SIDES:
            ip("-n", home, "tuntap", "add", side, "mode", "tap", "vnet_hdr")
            ip("-n", home, "link", "set", side, "up")
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        log = pathlib.Path(folder) / "console"
        with open(log, "w", encoding="utf-8") as output:
            router.process = subprocess.Popen(inside(home, *undisturbed(), "taskset", "-c", "1", *command), stdout=output,
                                              stderr=subprocess.STDOUT)
        stack.callback(_end, router.process)
        for _ in range(200):
            if ready in log.read_text():
                break
            time.sleep(0.02)
        else:
            raise RuntimeError(f"the router does not start: {log.read_text()}")
        for side in SIDES:
            ip("-n", home, "link", "set", side, "netns", router.namespace(side))
            _settle(router, side, side)
        yield router


@contextlib.contextmanager
def ours(image=IMAGES / "router", name="holm router"):
    if not pathlib.Path(image).exists():
        raise Skip(f"{image} is not built")
    options = [option for side in SIDES for option in ("--net", f"{side}={side}")]
    with _between_taps(name, [str(BIN / "holm-process"), *options, str(image)], "router: forwarding") as router:
        _meet(router)
        yield router


@contextlib.contextmanager
def copier(name="tap to tap"):
    """A program that copies frames from one tap to the other and knows nothing of packets: no router between taps costs less."""
    with _between_taps(name, [compiled("tap_copy"), "dmz", "wan"], "tap_copy: ready") as router:
        router.mac["dmz"] = router.host_mac["wan"]
        yield router


def _end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def linux(name="Linux"):
    router = Router(name)
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(_namespace(stack, None, None))
        router.home = home
        for setting in ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=1"):
            subprocess.run(inside(home, "sysctl", "-q", "-w", setting), check=True)
        for side, (_, gateway) in SIDES.items():
            stack.enter_context(_namespace(stack, router, side))
            ip("-n", home, "link", "add", side, "type", "veth", "peer", "name", side, "netns", router.namespace(side))
            ip("-n", home, "addr", "add", f"{gateway}/24", "dev", side)
            ip("-n", home, "link", "set", side, "up")
            _settle(router, side, side)
        ip("-n", home, "route", "add", "default", "via", SIDES["wan"][0])
        _meet(router)
        yield router


@contextlib.contextmanager
def nobody(name="sender alone"):
    """Two hosts without a router between them: what sending and the end of the way cost by themselves."""
    router = Router(name)
    with contextlib.ExitStack() as stack:
        for side in SIDES:
            stack.enter_context(_namespace(stack, router, side))
        ip("-n", router.dmz, "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", router.wan)
        for side in SIDES:
            _settle(router, side, "v0")
        router.mac["dmz"] = router.host_mac["wan"]
        yield router

"""Network namespaces that a benchmark makes for itself and takes away again.

Both layouts have the client in a namespace of its own. Holm: the far end of a tap is that namespace's stack.
A peer: a second namespace, joined by a veth pair."""

import contextlib
import os
import secrets
import subprocess

from bench.lib.machine import Skip

CLIENT_ADDRESS = "10.99.0.1"
SERVER_ADDRESS = "10.99.0.2"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def inside(namespace, *command):
    """The command line that runs `command` in a namespace; nsenter, since `ip netns exec` remounts /sys."""
    return ["nsenter", f"--net=/run/netns/{namespace}", *command]


def _without_pacing(namespace):
    """Linux's default congestion control, whatever this machine has chosen (BBR paces by timers, which costs). Where a
    namespace of ours may not choose CUBIC, Reno: programs that want CUBIC then ask for it socket by socket."""
    for algorithm in ("cubic", "reno"):
        if subprocess.run(inside(namespace, "sysctl", "-q", "-w", f"net.ipv4.tcp_congestion_control={algorithm}"),
                          capture_output=True, check=False).returncode == 0:
            return


@contextlib.contextmanager
def client_namespace():
    if os.geteuid() != 0:
        raise Skip("network namespaces for the benchmark need root")
    name = f"holm-bench-{secrets.token_hex(3)}"
    try:
        ip("netns", "add", name)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise Skip(f"no network namespace can be made here: {error}") from error
    try:
        ip("-n", name, "link", "set", "lo", "up")
        _without_pacing(name)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


@contextlib.contextmanager
def tap(namespace, name="tap0"):
    """A persistent tap in the namespace, with the client's address on the kernel's side."""
    ip("-n", namespace, "tuntap", "add", name, "mode", "tap", "vnet_hdr")
    ip("-n", namespace, "addr", "add", f"{CLIENT_ADDRESS}/24", "dev", name)
    ip("-n", namespace, "link", "set", name, "up")
    try:
        yield name
    finally:
        subprocess.run(["ip", "-n", namespace, "tuntap", "del", name, "mode", "tap"], check=False)


@contextlib.contextmanager
def veth_server(namespace):
    """A second namespace with SERVER_ADDRESS, joined to `namespace` by a veth pair."""
    server = f"{namespace}-s"
    ip("netns", "add", server)
    try:
        _without_pacing(server)
        ip("-n", namespace, "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", server)
        for where, address in ((namespace, CLIENT_ADDRESS), (server, SERVER_ADDRESS)):
            ip("-n", where, "addr", "add", f"{address}/24", "dev", "veth0")
            ip("-n", where, "link", "set", "veth0", "up")
            ip("-n", where, "link", "set", "lo", "up")
        yield server
    finally:
        subprocess.run(["ip", "netns", "del", server], check=False)

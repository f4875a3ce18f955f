"""A router beside Linux forwarding: CPU for each small packet, TCP through it; the forwarding table by itself."""

import json
import os
import pathlib
import signal
import subprocess
import time

from bench.lib import routers
from bench.lib.machine import BIN, BUILD, compiled, need, undisturbed
from bench.lib.namespaces import inside

NAME = "route"
ROUNDS = 5
SECONDS = 1.0
OURS, LINUX, ALONE = "holm router", "Linux", "sender alone"
PACKET = "60 B forwarded, CPU per packet"
CHAIN = "60 B, CPU of the whole way"
TCP = "TCP through the router, iperf3"


def _ksoftirqd(core):
    """CPU time of the thread that takes over when soft interrupts get too many for their senders."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "comm").read_text().strip() == f"ksoftirqd/{core}":
                    return int((entry / "schedstat").read_text().split()[0])
            except OSError:
                continue
    return 0


def _flood(router):
    """Nanoseconds a packet that got through: of sender and kernel, of the router's process; and packets a second."""
    flood = compiled("packet_flood")
    command = [flood, "eth0", router.host_mac["dmz"], router.mac["dmz"], routers.SIDES["dmz"][0], routers.DUMP, str(SECONDS)]
    soft, own, seen = _ksoftirqd(0), router.cpu(), router.dropped("wan")
    _, sender = map(int, router.client("dmz", 0, *command).split())
    time.sleep(0.05)
    through = router.dropped("wan") - seen
    if through < 1000:
        raise RuntimeError(f"{router.name}: only {through} packets got through")
    return (sender + _ksoftirqd(0) - soft) / through, (router.cpu() - own) / through, through / SECONDS


def _packets(report):
    chain = {OURS: [], LINUX: [], ALONE: []}
    share = {OURS: [], LINUX: []}
    rate = {OURS: [], LINUX: []}
    with routers.ours() as ours, routers.linux() as linux, routers.nobody() as alone:
        for subject in (ours, linux, alone):
            _flood(subject)  # warm
        for _ in range(ROUNDS):
            sender, _, _ = _flood(alone)
            chain[ALONE].append(sender / 1000)
            whole, _, packets = _flood(linux)
            chain[LINUX].append(whole / 1000)
            share[LINUX].append((whole - sender) / 1000)
            rate[LINUX].append(packets)
            sent, own, packets = _flood(ours)
            chain[OURS].append((sent + own) / 1000)
            share[OURS].append(own / 1000)
            rate[OURS].append(packets)
    for subject, values in chain.items():
        report.add(NAME, CHAIN, "us", subject, values)
    for subject, values in share.items():
        report.add(NAME, PACKET, "us", subject, values)
    for subject, values in rate.items():
        report.add(NAME, "60 B, packets per second", "1/s", subject, values)
    report.ratio(PACKET, OURS, LINUX, 1.3)


def _iperf3(router):
    server = subprocess.Popen(inside(router.wan, *undisturbed(), "taskset", "-c", "1", need("iperf3"), "-s", "-1"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        own = router.cpu()
        for _ in range(50):
            done = subprocess.run(inside(router.dmz, *undisturbed(), "taskset", "-c", "0", need("iperf3"), "-c",
                                         routers.SIDES["wan"][0], "-J", "-t", "2"), capture_output=True, text=True, check=False)
            answer = json.loads(done.stdout)
            if "error" not in answer:
                break
            time.sleep(0.1)  # the server is not there yet
        else:
            raise RuntimeError(f"{router.name}: iperf3: {answer['error']}")
        result = answer["end"]["sum_received"]
        return result["bits_per_second"] / 1e9, (router.cpu() - own) / 1e9 / (result["bytes"] * 8 / 1e9)
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        server.wait(10)


def _tcp(report):
    rate = {OURS: [], LINUX: []}
    cost = []
    with routers.ours() as ours, routers.linux() as linux:
        for _ in range(ROUNDS):
            for subject in (ours, linux):
                gigabits, seconds = _iperf3(subject)
                rate[subject.name].append(gigabits)
                if subject is ours:
                    cost.append(seconds)
    for subject, values in rate.items():
        report.add(NAME, TCP, "Gbit/s", subject, values)
    report.add(NAME, "TCP, router's CPU for each Gbit", "s", OURS, cost)
    ratio = report.value(TCP, OURS) / report.value(TCP, LINUX)
    print(f"  → {TCP}: {OURS} is {ratio:.2f} × {LINUX}; promised ≥ 0.8 × : {'reached' if ratio >= 0.8 else 'NOT reached'}", flush=True)


def _table(report):
    """A full Internet table: how large it is, and how fast."""
    subprocess.run([need("ninja"), "-C", str(BUILD), "bench-fib"], check=True, capture_output=True)
    for line in subprocess.run([*undisturbed(), str(BIN / "bench-fib")], capture_output=True, text=True, check=True).stdout.splitlines():
        what, count, size, *seconds = line.split()
        report.add(NAME, f"table of {int(count):,} prefixes, {what}", "MiB", "size", [int(size) / 2**20])
        report.add(NAME, f"table of {int(count):,} prefixes, {what}", "M/s", "lookups, random", [1e3 / float(s) for s in seconds])


def run(report):
    need("nft")
    print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores{', real-time priority' if undisturbed() else ''}", flush=True)
    _table(report)
    _packets(report)
    _tcp(report)

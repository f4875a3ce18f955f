"""A router beside Linux forwarding: CPU for each small packet, TCP through it; the forwarding table by itself."""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import time

from bench.lib import routers
from bench.lib.machine import BIN, BUILD, compiled, need, undisturbed
from bench.lib.namespaces import inside

NAME = "route"
ROUNDS = 31
SECONDS = 0.1
CORE = 1
PAUSE = 64  # packets: what the image reads at a time
OURS, LINUX, ALONE, COPIER = "holm router", "Linux", "sender alone", "tap to tap"
PACKET = "60 B forwarded, CPU per packet"
CHAIN = "60 B, CPU of the whole way"
PROCESS = "60 B, CPU of the process alone"
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


class Flood:
    """Small packets through a router, all of it on one processor: sender, router, and the receiving host, which drops them at
    its door. In nanoseconds for each packet that got there: `whole`, of everybody (soft interrupts are counted with whom they
    interrupt, and their thread is added); `own`, of the router's process, in which the receiving host's part of a tap is."""

    def __init__(self, router):
        command = [compiled("packet_flood"), "eth0", router.host_mac["dmz"], router.mac["dmz"], routers.SIDES["dmz"][0],
                   routers.DUMP, str(SECONDS), str(PAUSE)]
        router.move(CORE)
        soft, own, seen = _ksoftirqd(CORE), router.cpu(), router.dropped("wan")
        sent, sender = map(int, router.client("dmz", CORE, *command).split())
        time.sleep(0.05)
        through = router.dropped("wan") - seen
        if through < 1000:
            raise RuntimeError(f"{router.name}: only {through} of {sent} packets got through")
        own = router.cpu() - own
        self.own = own / through
        self.whole = (sender + own + _ksoftirqd(CORE) - soft) / through
        self.lost = 1 - through / sent


def compare(report, bench, subjects, alone, metrics, reach):
    """What routers add to a packet's way beside what the first of them adds: the whole way less the same sender alone, by turns.
    `metrics`: of what is added, the whole way and the process. The ratio of `subjects[1]` to the first is promised; it comes
    from what their ways differ by within a round, for the machine's speed changes from one round to the next."""
    packet, chain, process = metrics
    figures = {metric: {} for metric in (chain, packet, process)}
    lost = 0.0
    for subject in (*subjects, alone):
        Flood(subject)  # warm
    for _ in range(ROUNDS):
        base = Flood(alone).whole / 1000
        figures[chain].setdefault(alone.name, []).append(base)
        for subject in subjects:
            flood = Flood(subject)
            lost = max(lost, flood.lost)
            figures[chain].setdefault(subject.name, []).append(flood.whole / 1000)
            figures[packet].setdefault(subject.name, []).append(flood.whole / 1000 - base)
            if subject.process:
                figures[process].setdefault(subject.name, []).append(flood.own / 1000)
    for metric, by_subject in figures.items():
        for subject, values in by_subject.items():
            report.add(bench, metric, "us", subject, values)
    print(f"  of all floods at most {100 * lost:.2f} % was lost on its way", flush=True)
    ways = figures[chain]
    first, second = (ways[subject.name] for subject in subjects[:2])
    added = statistics.median(first) - statistics.median(ways[alone.name])
    ratio = 1 + statistics.median(b - a for a, b in zip(first, second, strict=True)) / added
    print(f"  → {packet}: {subjects[1].name} is {ratio:.2f} × {subjects[0].name}; promised ≤ {reach:g} × : "
          f"{'reached' if ratio <= reach else 'NOT reached'}", flush=True)


def _packets(report):
    with routers.linux(LINUX) as linux, routers.ours(name=OURS) as ours, routers.copier(COPIER) as copier, \
         routers.nobody(ALONE) as alone:
        compare(report, NAME, (linux, ours, copier), alone, (PACKET, CHAIN, PROCESS), 1.3)


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

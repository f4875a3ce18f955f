"""The firewall beside Linux with the same rules: CPU for each small packet; many rules beside few."""

import os
import statistics
import subprocess
import time

from bench.benches import route
from bench.lib import routers
from bench.lib.machine import BIN, BUILD, IMAGES, need, undisturbed
from bench.lib.namespaces import inside

NAME = "filter"
OURS, LINUX, ALONE = "holm firewall", "Linux, nft", "sender alone"
STATEFUL = "60 B, stateful firewall, CPU per packet"
CHAIN = "60 B, stateful, CPU of the whole way"
PROCESS = "60 B, stateful, CPU of the process alone"
RULES = BUILD.parent / "examples" / "firewall" / "firewall.nft"


def _stateful(report):
    """The example's rules, in the image and in Linux."""
    with routers.linux(LINUX) as linux, routers.ours(IMAGES / "firewall", OURS) as ours, routers.nobody(ALONE) as alone:
        subprocess.run(inside(linux.home, need("nft"), "-f", str(RULES)), check=True)
        route.compare(report, NAME, (linux, ours), alone, (STATEFUL, CHAIN, PROCESS), 1.0)


def _linear():
    """What Linux takes for one packet past 5,000 rules, by a flood through them, in microseconds."""
    rules = "\n".join(f"udp dport {1000 + i} counter drop" for i in range(5000))
    with routers.linux(LINUX) as linux, routers.nobody() as alone:
        sender = statistics.median(route.Flood(alone).whole for _ in range(3))
        text = f"table inet t {{ chain f {{ type filter hook forward priority 0; policy accept;\n{rules}\n}}\n}}\n"
        subprocess.run(inside(linux.home, need("nft"), "-f", "-"), input=text, text=True, check=True)
        time.sleep(0.1)
        return [(route.Flood(linux).whole - sender) / 1000 for _ in range(3)]


def _many(report):
    """The filter by itself, compiled for the host."""
    subprocess.run([need("ninja"), "-C", str(BUILD), "bench-filter-rules"], check=True, capture_output=True)
    cost = {}
    done = subprocess.run([*undisturbed(), str(BIN / "bench-filter-rules")], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        what, count, *values = line.split()
        cost[what, int(count)] = [float(value) for value in values]
        report.add(NAME, f"the filter by itself, {what}", "ns", f"{int(count):,} rules", [float(value) for value in values])
    for what, few, many in (("addresses", 10, 5000), ("addresses", 10, 50000), ("ports", 10, 5000)):
        # Round by round: the machine is as busy for one as for the other.
        grown = statistics.median(b / a for a, b in zip(cost[what, few], cost[what, many], strict=True))
        print(f"  → {many:,} {what}: {grown:.2f} × {few}; promised ≤ 1.1 × : {'reached' if grown <= 1.1 else 'NOT reached'}",
              flush=True)
    linear = _linear()
    report.add(NAME, "5,000 port rules, one by one, CPU per packet", "us", LINUX, linear)
    times = statistics.median(linear) * 1000 / (1000 + statistics.median(cost["ports", 5000]))
    print(f"  → 5,000 port rules: Linux takes {times:.1f} × a packet's way here; promised ≥ 3 × : "
          f"{'reached' if times >= 3 else 'NOT reached'}", flush=True)


def run(report):
    need("nft")
    print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    _many(report)
    _stateful(report)

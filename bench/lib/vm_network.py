"""Networking of the vm tender beside the process tender: the same images, over a tap each, rounds interleaved.

Server on core 1, client on core 0, both before everything else that runs where this machine lets us (SCHED_RR): TCP with
a window of 256 KiB stands still while either side waits for a core, and this measures tenders, not neighbours."""

import contextlib
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from bench.lib.machine import BIN, IMAGES, ROOT, Skip, cpu_nanoseconds, need, undisturbed
from bench.lib.namespaces import SERVER_ADDRESS, client_namespace, inside, tap

NAME = "vm"
ROUNDS = 3
SECONDS = 2
PROCESS, VM = "process tender", "vm tender"
STREAMS = {"TCP bulk, guest receives": "take", "TCP bulk, guest sends": "give"}


def _first_in_line(core, *command):
    """The command on one core, at real-time priority if we may."""
    return [*undisturbed(), "taskset", "-c", str(core), *command]


class _Instance:
    """An image under one of the tenders, reachable from its namespace."""

    def __init__(self, tender, namespace, image, log):
        program = {PROCESS: "holm-process", VM: "holm-vm"}[tender]
        count = ["--count-exits"] if tender == VM else []
        command = [str(BIN / program), "--quiet", *count, "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24", str(image)]
        self.namespace = namespace
        self._log = log
        with open(log, "w", encoding="utf-8") as output:
            self._child = subprocess.Popen(inside(namespace, *_first_in_line(1, *command)), stdout=subprocess.DEVNULL, stderr=output)

    def cpu(self):
        return cpu_nanoseconds(self._child.pid)

    def wait_for(self, port):
        probe = f"import socket; socket.create_connection(('{SERVER_ADDRESS}', {port}), 1)"
        for _ in range(100):
            if subprocess.run(inside(self.namespace, sys.executable, "-c", probe), capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError(f"no answer: {pathlib.Path(self._log).read_text()}")

    def stop(self):
        self._child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(10)
        self._child.kill()

    def exits(self):
        """How often the guest called its tender, from start to end (after stop())."""
        return int(re.search(r"(\d+) exits:", pathlib.Path(self._log).read_text())[1])


@contextlib.contextmanager
def _both(image, port):
    """The image under both tenders at once, each in a namespace of its own."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        instances = {}
        for tender in (PROCESS, VM):
            namespace = stack.enter_context(client_namespace())
            stack.enter_context(tap(namespace))
            instances[tender] = _Instance(tender, namespace, image, f"{folder}/{tender}")
            stack.callback(instances[tender].stop)
            instances[tender].wait_for(port)
        yield instances


def _client(instance, *command):
    return subprocess.run(inside(instance.namespace, *_first_in_line(0, *command)), check=True, capture_output=True, text=True,
                          timeout=SECONDS + 60).stdout


def _http(report):
    cost = {PROCESS: [], VM: []}
    rate = {PROCESS: [], VM: []}
    total = 0
    with _both(IMAGES / "web", 80) as instances:
        for _ in range(ROUNDS):
            for tender, instance in instances.items():
                before = instance.cpu()
                output = _client(instance, need("wrk"), "-t1", "-c64", f"-d{SECONDS}s", f"http://{SERVER_ADDRESS}/healthz")
                if "Non-2xx" in output or "Socket errors" in output:
                    raise RuntimeError(f"wrk met errors:\n{output}")
                requests = int(re.search(r"(\d+) requests in", output)[1])
                cost[tender].append((instance.cpu() - before) / requests / 1000)
                rate[tender].append(requests / SECONDS)
                total += requests if tender == VM else 0
        instances[VM].stop()
        exits = instances[VM].exits()
    for tender in cost:
        report.add(NAME, "HTTP, server CPU per request, 64 conn.", "us", tender, cost[tender])
    for tender in rate:
        report.add(NAME, "HTTP, requests per second, 64 conn.", "1/s", tender, rate[tender])
    report.add(NAME, "HTTP, exits per request, 64 conn.", "", VM, [exits / total])
    report.ratio("HTTP, server CPU per request, 64 conn.", VM, PROCESS, 2.0)
    report.bound("HTTP, exits per request, 64 conn.", VM, at_most=0.2)


def _bulk(report):
    gigabits = {(metric, tender): [] for metric in STREAMS for tender in (PROCESS, VM)}
    per_cpu = {key: [] for key in gigabits}
    client = str(ROOT / "bench" / "programs" / "bulk_client.py")
    with _both(IMAGES / "tests" / "bulk", 9) as instances:
        for _ in range(ROUNDS):
            for tender, instance in instances.items():
                for metric, what in STREAMS.items():
                    before = instance.cpu()
                    size, seconds = map(float, _client(instance, sys.executable, client, what, SERVER_ADDRESS, str(SECONDS)).split())
                    gigabits[metric, tender].append(size * 8 / seconds / 1e9)
                    per_cpu[metric, tender].append(size * 8 / (instance.cpu() - before))
    for metric, tender in gigabits:
        report.add(NAME, metric, "Gbit/s", tender, gigabits[metric, tender])
        report.add(NAME, f"{metric}, per CPU-second", "Gbit", tender, per_cpu[metric, tender])
    for metric in STREAMS:
        report.bound(metric, VM, at_least=5)


def run(report):
    """The part of `bench vm` that needs taps."""
    for needed in (BIN / "holm-vm", IMAGES / "web", IMAGES / "tests" / "bulk"):
        if not needed.exists():
            raise Skip(f"{needed.relative_to(ROOT)} is not built")
    _http(report)
    _bulk(report)

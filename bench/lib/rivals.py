"""An image and a Linux server beside each other, each reachable at SERVER_ADDRESS from a client namespace of its own: the
image over a tap, the server over a veth pair with its offloads. Servers on core 1, clients on core 0, both before
everything else on the machine where that is permitted: transport protocols stand still while a side waits for a core."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from bench.lib.machine import BIN, IMAGES, ROOT, Skip, cpu_nanoseconds, descendants, undisturbed
from bench.lib.namespaces import SERVER_ADDRESS, client_namespace, inside, tap, veth_server

SECONDS = 1.5
ROUNDS = 5


def say_how_busy():
    print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores{', real-time priority' if undisturbed() else ''}", flush=True)


class Subject:
    """A running server, as its client sees it."""

    def __init__(self, namespace, command, log, wrapped=()):
        self.namespace = namespace
        self._log = pathlib.Path(log)
        with open(log, "w", encoding="utf-8") as output:
            self._child = subprocess.Popen([*wrapped, *undisturbed(), "taskset", "-c", "1", *command], stdout=output,
                                           stderr=subprocess.STDOUT)

    @property
    def pid(self):
        return self._child.pid

    def cpu(self):
        """Nanoseconds that the server has used, its own and the kernel's for it."""
        return sum(map(cpu_nanoseconds, descendants(self._child.pid)))

    def wait_for(self, port):
        probe = f"import socket; socket.create_connection(('{SERVER_ADDRESS}', {port}), 1)"
        for _ in range(100):
            if subprocess.run(inside(self.namespace, sys.executable, "-c", probe), capture_output=True, check=False).returncode == 0:
                return
            if self._child.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"no answer: {self._log.read_text()}")

    def client(self, *command, timeout=60):
        """Runs a client of this server to its end; returns what it printed."""
        done = subprocess.run(inside(self.namespace, *undisturbed(), "taskset", "-c", "0", *command), capture_output=True,
                              text=True, timeout=timeout, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}; server: {self._log.read_text()}")
        return done.stdout

    def stop(self):
        self._child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(10)
        self._child.kill()
        self._child.wait()


@contextlib.contextmanager
def image(name, port, *options):
    """The image under the process tender, over a tap."""
    path = IMAGES / name
    if not path.exists():
        raise Skip(f"{path.relative_to(ROOT)} is not built")
    with tempfile.TemporaryDirectory() as folder, client_namespace() as namespace, tap(namespace):
        subject = Subject(namespace, [str(BIN / "holm-process"), "--quiet", *options, "--net",
                                      f"lan=tap0,ip={SERVER_ADDRESS}/24", str(path)], f"{folder}/log",
                          inside(namespace))
        try:
            subject.wait_for(port)
            yield subject
        finally:
            subject.stop()


@contextlib.contextmanager
def linux(command, port):
    """A program of the host in a namespace of its own, over a veth pair."""
    with tempfile.TemporaryDirectory() as folder, client_namespace() as namespace, veth_server(namespace) as far:
        subject = Subject(namespace, command, f"{folder}/log", inside(far))
        try:
            if port:
                subject.wait_for(port)
            yield subject
        finally:
            subject.stop()


def compare(report, bench, metric, unit, subjects, measure, reach, rounds=ROUNDS):
    """Measures the subjects {name: Subject} in turn, `rounds` times: measure(name, subject) → work done. Reports work per
    second of the server's CPU time, and work per second; `reach`: what the first promises of the ratio to the second."""
    per_cpu = {name: [] for name in subjects}
    rate = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            before = subject.cpu()
            work, seconds = measure(name, subject)
            per_cpu[name].append(work / ((subject.cpu() - before) / 1e9))
            rate[name].append(work / seconds)
    for name, values in per_cpu.items():
        report.add(bench, f"{metric}, per CPU-s", unit, name, values)
    for name, values in rate.items():
        report.add(bench, metric, f"{unit}/s", name, values)
    report.at_least(f"{metric}, per CPU-s", *subjects, reach)

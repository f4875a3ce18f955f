"""What idle connections take: the growth of an image's memory (PSS) when many are held. The echo image has a task for each
of them and has used it once; the image tests/bulk only keeps them."""

import subprocess

from bench.lib import rivals
from bench.lib.machine import compiled, proportional_kib
from bench.lib.namespaces import SERVER_ADDRESS, inside, ip

NAME = "tcp"
COUNTS = (10_000, 100_000)
MEMORY = "256M"


def _hold(report, count, image, port, subject, *silent):
    client = compiled("idle_connections")
    with rivals.image(image, port, "--mem", MEMORY) as echo:
        for i in range(3, 3 + -(-count // 16_000)):
            ip("-n", echo.namespace, "addr", "add", f"10.99.0.{i}/24", "dev", "tap0")
        subprocess.run(inside(echo.namespace, "sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=1024 65535"), check=True)
        before = proportional_kib(echo.pid)
        command = inside(echo.namespace, client, str(count), SERVER_ADDRESS, str(port), "10.99.0.3", *silent)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            if holder.stdout.readline() != "open\n":
                raise RuntimeError(f"not all of {count} connections came about")
            held = proportional_kib(echo.pid)
            holder.stdin.close()
            if holder.wait(120) != 0:
                raise RuntimeError("a connection that was held did not answer")
    report.add(NAME, f"memory of each of {count}", "B", subject, [(held - before) * 1024 / count])
    report.add(NAME, f"memory of the instance, {count}", "MiB", subject, [held / 1024])


def run(report):
    for count in COUNTS:
        _hold(report, count, "tests/bulk", 22, "connections", "silent")
        _hold(report, count, "echo", 7, "with their tasks")
    for subject in ("connections", "with their tasks"):
        report.bound(f"memory of each of {COUNTS[-1]}", subject, at_most=1536)
    report.bound(f"memory of the instance, {COUNTS[-1]}", "with their tasks", at_most=256)

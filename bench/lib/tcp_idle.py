"""What idle connections take: the growth of the echo image's memory when many are held, each used once before."""

import subprocess

from bench.lib import rivals
from bench.lib.machine import compiled, proportional_kib
from bench.lib.namespaces import SERVER_ADDRESS, inside, ip

NAME = "tcp"
COUNTS = (10_000, 100_000)
MEMORY = "256M"


def _hold(report, count):
    client = compiled("idle_connections")
    with rivals.image("echo", 7, "--mem", MEMORY) as echo:
        for i in range(3, 3 + -(-count // 16_000)):
            ip("-n", echo.namespace, "addr", "add", f"10.99.0.{i}/24", "dev", "tap0")
        subprocess.run(inside(echo.namespace, "sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=1024 65535"), check=True)
        before = proportional_kib(echo.pid)
        command = inside(echo.namespace, client, str(count), SERVER_ADDRESS, "7", "10.99.0.3")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            if holder.stdout.readline() != "open\n":
                raise RuntimeError(f"not all of {count} connections came about")
            held = proportional_kib(echo.pid)
            holder.stdin.close()
            if holder.wait(120) != 0:
                raise RuntimeError("a connection that was held did not answer")
    report.add(NAME, "memory of a connection", "B", f"of {count}", [(held - before) * 1024 / count])
    report.add(NAME, "memory of the instance (PSS)", "MiB", f"with {count}", [held / 1024])


def run(report):
    for count in COUNTS:
        _hold(report, count)
    report.bound("memory of a connection", f"of {COUNTS[-1]}", at_most=1536)
    report.bound("memory of the instance (PSS)", f"with {COUNTS[-1]}", at_most=256)

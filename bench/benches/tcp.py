"""TCP beside Linux: bulk, round trips, new connections; recovery from loss; memory of idle connections; instructions for each byte."""

import json
import re
import subprocess
import sys
import tempfile

from bench.lib import nginx, rivals, tcp_idle, tcp_instructions, tcp_recovery
from bench.lib.machine import ROOT, compiled, need
from bench.lib.namespaces import SERVER_ADDRESS, inside

NAME = "tcp"
SIZE = 64


def _bulk(report):
    client = ROOT / "bench" / "programs" / "bulk_client.py"

    def receives(name, subject):
        if name == "holm":
            size, seconds = map(float, subject.client(sys.executable, str(client), "drop", SERVER_ADDRESS, str(rivals.SECONDS)).split())
        else:
            size, seconds = _iperf3(subject)
        return size * 8 / 1e9, seconds

    def sends(how):
        def measure(name, subject):
            if name == "holm":
                size, seconds = map(float, subject.client(sys.executable, str(client), how, SERVER_ADDRESS, str(rivals.SECONDS)).split())
            else:
                size, seconds = _iperf3(subject, "-R")
            return size * 8 / 1e9, seconds

        return measure

    with rivals.image("tests/bulk", 9) as bulk, rivals.linux([need("iperf3"), "-s"], 5201) as iperf3:
        subjects = {"holm": bulk, "iperf3": iperf3}
        rivals.compare(report, NAME, "bulk, server receives", "Gbit", subjects, receives, 1)
        # A byte is copied into the tap, and by send() into the send buffer before; Linux copies it once.
        rivals.compare(report, NAME, "bulk, server sends by reference", "Gbit", subjects, sends("refer"), 1)
        rivals.compare(report, NAME, "bulk, server sends by copy", "Gbit", subjects, sends("give"), 1)


def _iperf3(subject, *options):
    """Bytes and seconds of one stream."""
    output = subject.client(need("iperf3"), "-c", SERVER_ADDRESS, "-C", "cubic", "-J", "-t", str(round(rivals.SECONDS)), *options)
    received = json.loads(output)["end"]["sum_received"]
    return received["bytes"], received["seconds"]


def _round_trips(report):
    server, client = compiled("echo_server"), compiled("round_trips")
    with rivals.image("echo", 7) as echo, rivals.linux([server, "tcp", "7"], 7) as peer:
        for connections in (1, 256):
            def measure(_, subject, connections=connections):
                trips, seconds = subject.client(client, "tcp", SERVER_ADDRESS, "7", str(SIZE), str(connections),
                                                str(rivals.SECONDS)).split()
                return int(trips), float(seconds)

            rivals.compare(report, NAME, f"{SIZE} B there and back, {connections} conn.", "trips",
                           {"holm echo": echo, "epoll server": peer}, measure, 1.5)


def _new_connections(report):
    page = b"hello, world: forty bytes of small page\n"

    def measure(_, subject):
        output = subject.client(need("wrk"), "-t1", "-c32", f"-d{round(rivals.SECONDS)}s", "-H", "Connection: close",
                                f"http://{SERVER_ADDRESS}/small")
        if "Non-2xx" in output or "Socket errors" in output:
            raise RuntimeError(f"wrk met errors:\n{output}")
        requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", output).groups()
        return int(requests), float(seconds)

    with tempfile.TemporaryDirectory() as folder, rivals.image("web", 80) as web:
        command = nginx.command(folder, {"small": page}, keepalive_timeout=0)
        with rivals.linux(command, 80) as peer:
            for subject in (web, peer):
                # Nobody waits for a port: connections to one address and port, thousands a second.
                subprocess.run(inside(subject.namespace, "sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=1024 65535"), check=True)
            rivals.compare(report, NAME, "connections, one request each", "conn.", {"holm web": web, "nginx": peer}, measure, 1)


def run(report):
    rivals.say_how_busy()
    _bulk(report)
    _round_trips(report)
    _new_connections(report)
    tcp_recovery.run(report)
    tcp_idle.run(report)
    tcp_instructions.run(report)

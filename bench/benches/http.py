"""HTTP beside nginx with one worker: server CPU per request with 64 keep-alive connections, latency with one.

Server on core 1, client (wrk, one thread) on core 0; each in its own namespace; rounds interleaved."""

import contextlib
import re
import signal
import subprocess
import tempfile
import time

from bench.lib import nginx
from bench.lib.machine import BIN, IMAGES, Skip, cpu_nanoseconds, descendants, need
from bench.lib.namespaces import SERVER_ADDRESS, client_namespace, inside, tap, veth_server

NAME = "http"
ROUNDS = 3
SECONDS = 3
PAGE = b"hello, world: forty bytes of small page\n"
URL = f"http://{SERVER_ADDRESS}/small"


def _wrk(namespace, connections):
    """Runs wrk once; returns (requests, p50 in µs)."""
    output = subprocess.run(
        inside(namespace, "taskset", "-c", "0", need("wrk"), "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", URL),
        check=True, capture_output=True, text=True, timeout=SECONDS + 30).stdout
    requests = int(re.search(r"(\d+) requests in", output)[1])
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", output).groups()
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"wrk met errors:\n{output}")
    return requests, float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


@contextlib.contextmanager
def _server(command, namespace):
    """A server that answers URL, pinned to core 1; yields the ids of its processes."""
    server = subprocess.Popen(["taskset", "-c", "1", *command], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            time.sleep(0.05)
            if subprocess.run(inside(namespace, "curl", "-sf", "-m", "1", URL), capture_output=True,
                              check=False).returncode == 0:
                break
        else:
            raise RuntimeError(f"{command} did not answer")
        yield descendants(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()


def run(report):
    if not (IMAGES / "web").exists():
        raise Skip("build/images/web is not built")
    cpu = {"holm web": [], "nginx": []}
    rate = {"holm web": [], "nginx": []}
    latency = {"holm web": [], "nginx": []}
    with tempfile.TemporaryDirectory() as folder, client_namespace() as ours, client_namespace() as theirs:
        peer = nginx.command(folder, {"small": PAGE})
        with tap(ours), veth_server(theirs) as server_namespace:
            web = inside(ours, str(BIN / "holm-process"), "--quiet", "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24",
                         str(IMAGES / "web"))
            with _server(web, ours) as holm_pids, _server(inside(server_namespace, *peer), theirs) as nginx_pids:
                subjects = (("holm web", ours, holm_pids), ("nginx", theirs, nginx_pids))
                for _ in range(ROUNDS):
                    for name, namespace, pids in subjects:
                        before = sum(map(cpu_nanoseconds, pids))
                        requests, _ = _wrk(namespace, 64)
                        cpu[name].append((sum(map(cpu_nanoseconds, pids)) - before) / requests / 1000)
                        rate[name].append(requests / SECONDS)
                    for name, namespace, _ in subjects:
                        latency[name].append(_wrk(namespace, 1)[1])
    for name in cpu:
        report.add(NAME, "server CPU per request, 64 conn.", "us", name, cpu[name])
    for name in rate:
        report.add(NAME, "requests per second, 64 conn.", "1/s", name, rate[name])
    for name in latency:
        report.add(NAME, "p50 latency, 1 connection", "us", name, latency[name])
    report.ratio("server CPU per request, 64 conn.", "holm web", "nginx", 0.5)
    report.ratio("p50 latency, 1 connection", "holm web", "nginx", 1.0)

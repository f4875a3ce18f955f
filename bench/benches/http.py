"""HTTP beside nginx with one worker: server CPU per request with 64 keep-alive connections, latency with one; files
of 10 KB and 1 MB with the access log on.

Server on core 1, client (wrk, one thread) on core 0; each in its own namespace; rounds interleaved. Both logs go to a
file; nginx gathers its lines as the image does (buffer=64k flush=1s)."""

import contextlib
import re
import signal
import subprocess
import tempfile
import time

from bench.lib import nginx
from bench.lib.machine import BIN, BUILD, IMAGES, Skip, cpu_nanoseconds, descendants, need
from bench.lib.namespaces import SERVER_ADDRESS, client_namespace, inside, tap, veth_server

NAME = "http"
ROUNDS = 6
SECONDS = 2
PAGE = b"hello, world: forty bytes of small page\n"
SMALL = "/small"
# What is promised: requests per second of the server's CPU, as a multiple of nginx's.
FILES = {"10 KB": ("/static/medium.bin", 64, 2.0), "1 MB": ("/static/large.bin", 16, 1.0)}


def _wrk(namespace, path, connections):
    """Runs wrk once; returns (requests, p50 in µs)."""
    output = subprocess.run(
        inside(namespace, "taskset", "-c", "0", need("wrk"), "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency",
               f"http://{SERVER_ADDRESS}{path}"),
        check=True, capture_output=True, text=True, timeout=SECONDS + 30).stdout
    requests = int(re.search(r"(\d+) requests in", output)[1])
    value, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", output).groups()
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"wrk met errors:\n{output}")
    return requests, float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


@contextlib.contextmanager
def _server(command, namespace, output=subprocess.DEVNULL):
    """A server that answers SMALL, pinned to core 1; yields the ids of its processes."""
    server = subprocess.Popen(["taskset", "-c", "1", *command], stdout=output)
    try:
        for _ in range(100):
            time.sleep(0.05)
            if subprocess.run(inside(namespace, "curl", "-sf", "-m", "1", f"http://{SERVER_ADDRESS}{SMALL}"),
                              capture_output=True, check=False).returncode == 0:
                break
        else:
            raise RuntimeError(f"{command} did not answer")
        yield descendants(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()


def _measure(subjects, path, connections):
    """CPU µs per request, requests per second and p50 of each subject, round by round."""
    figures = {name: ([], [], []) for name, _, _ in subjects}
    for _ in range(ROUNDS):
        for name, namespace, pids in subjects:
            before = sum(map(cpu_nanoseconds, pids))
            requests, p50 = _wrk(namespace, path, connections)
            cpu, rate, latency = figures[name]
            cpu.append((sum(map(cpu_nanoseconds, pids)) - before) / requests / 1000)
            rate.append(requests / SECONDS)
            latency.append(p50)
    return figures


def run(report):
    if not (IMAGES / "web").exists():
        raise Skip("build/images/web is not built")
    static = BUILD / "examples/web/tree/files"
    with tempfile.TemporaryDirectory() as folder, client_namespace() as ours, client_namespace() as theirs:
        pages = {path.lstrip("/"): (static / path.lstrip("/")).read_bytes() for path, _, _ in FILES.values()}
        peer = nginx.command(folder, {"small": PAGE, **pages}, logged="/static/")
        with tap(ours), veth_server(theirs) as server_namespace, \
                _server(inside(server_namespace, *peer), theirs) as nginx_pids:
            web = inside(ours, str(BIN / "holm-process"), "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24", str(IMAGES / "web"))
            with _server(web, ours) as holm_pids:
                subjects = (("holm web", ours, holm_pids), ("nginx", theirs, nginx_pids))
                many, one = _measure(subjects, SMALL, 64), _measure(subjects, SMALL, 1)
            with open(f"{folder}/holm.log", "wb") as log, _server([*web, "--", "--access-log"], ours, log) as holm_pids:
                subjects = (("holm web", ours, holm_pids), ("nginx", theirs, nginx_pids))
                files = {name: _measure(subjects, path, connections) for name, (path, connections, _) in FILES.items()}
    for name, (cpu, rate, _) in many.items():
        report.add(NAME, "server CPU per request, 64 conn.", "us", name, cpu)
        report.add(NAME, "requests per second, 64 conn.", "1/s", name, rate)
        report.add(NAME, "p50 latency, 1 connection", "us", name, one[name][2])
    report.ratio("server CPU per request, 64 conn.", "holm web", "nginx", 0.5)
    report.ratio("p50 latency, 1 connection", "holm web", "nginx", 1.0)
    for size, figures in files.items():
        metric = f"server CPU per file of {size}, access log on"
        for name, (cpu, _, _) in figures.items():
            report.add(NAME, metric, "us", name, cpu)
        report.ratio(metric, "holm web", "nginx", 1 / FILES[size][2])

"""Start times, sizes and memory: hello from exec to exit, web from exec to its first reply, an idle web instance."""

import contextlib
import json
import signal
import subprocess
import tempfile
import time

from bench.lib import nginx
from bench.lib.machine import BIN, IMAGES, Skip, compiled, proportional_kib
from bench.lib.namespaces import SERVER_ADDRESS, client_namespace, inside, tap, veth_server

NAME = "start"
ROUNDS = 10
RUNS_A_ROUND = 20
FIRST_REPLIES = 15


def _launch(launcher, *command):
    """Wall and CPU microseconds of RUNS_A_ROUND starts of a command that must end with status 0."""
    output = subprocess.run([launcher, str(RUNS_A_ROUND), *command], check=True, capture_output=True, text=True).stdout
    rows = [[int(word) for word in line.split()] for line in output.splitlines()]
    if any(row[3] != 0 for row in rows):
        raise RuntimeError(f"{command[0]} ended with status {rows[0][3]}")
    return [row[0] / 1000 for row in rows], [row[1] / 1000 for row in rows]


def _exec_to_exit(report):
    launcher = compiled("launch", "-static")
    subjects = {
        "static glibc": [compiled("nothing", "-static")],
        "holm hello": [str(BIN / "holm-process"), "--quiet", str(IMAGES / "hello")],
        "holm run hello": [str(BIN / "holm"), "run", "--quiet", str(IMAGES / "hello")],
    }
    wall = {name: [] for name in subjects}
    cpu = {name: [] for name in subjects}
    for command in subjects.values():
        _launch(launcher, *command)  # warm the caches
    for _ in range(ROUNDS):
        for name, command in subjects.items():
            walls, cpus = _launch(launcher, *command)
            wall[name] += walls
            cpu[name] += cpus
    for name in subjects:
        report.add(NAME, "exec to exit, CPU", "us", name, cpu[name])
    for name in subjects:
        report.add(NAME, "exec to exit, wall", "us", name, wall[name])
    report.ratio("exec to exit, CPU", "holm hello", "static glibc", 1.2)
    added = report.value("exec to exit, wall", "holm run hello") - report.value("exec to exit, wall", "holm hello")
    report.add(NAME, "holm run adds, wall", "us", "holm run hello", [added])


def _first_reply(report):
    client = compiled("first_reply", "-static")
    web = [str(BIN / "holm-process"), "--quiet", "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24", str(IMAGES / "web")]
    times = {"holm web": [], "nginx": []}
    with tempfile.TemporaryDirectory() as folder, client_namespace() as ours, client_namespace() as theirs:
        peer = nginx.command(folder, {"index.html": b"hello, world\n" * 3})
        with tap(ours), veth_server(theirs) as server:
            for _ in range(FIRST_REPLIES):
                for name, namespace, command in (
                    ("holm web", ours, web),
                    ("nginx", theirs, inside(server, *peer)),
                ):
                    output = subprocess.run(inside(namespace, client, SERVER_ADDRESS, "80", *command), check=True,
                                            capture_output=True, text=True, timeout=30).stdout
                    times[name].append(int(output) / 1e6)
    for name, values in times.items():
        report.add(NAME, "exec to first reply", "ms", name, values)
    report.ratio("exec to first reply", "holm web", "nginx", 0.25)


def _idle_memory(report):
    with client_namespace() as namespace, tap(namespace):
        server = subprocess.Popen(
            inside(namespace, str(BIN / "holm-process"), "--quiet", "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24",
                   str(IMAGES / "web")), stdout=subprocess.DEVNULL)
        try:
            for _ in range(100):
                time.sleep(0.05)
                answer = subprocess.run(inside(namespace, "curl", "-s", "-m", "1", f"http://{SERVER_ADDRESS}/"),
                                        capture_output=True, check=False)
                if answer.returncode == 0:
                    break
            else:
                raise RuntimeError("web did not answer")
            time.sleep(0.5)
            report.add(NAME, "idle memory (PSS)", "KiB", "holm web", [proportional_kib(server.pid)])
        finally:
            server.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()


def _embedded(image):
    """Bytes of the files that an image carries for its service."""
    told = subprocess.run([str(BIN / "holm"), "inspect", "--json", str(image)], check=True, capture_output=True).stdout
    return sum(file["size"] for file in json.loads(told)["files"])


def run(report):
    for image in ("hello", "web"):
        path = IMAGES / image
        if not path.exists():
            raise Skip(f"{path} is not built")
        report.add(NAME, "image, stripped", "KiB", image, [path.stat().st_size / 1024])
        report.add(NAME, "image without its files", "KiB", image, [(path.stat().st_size - _embedded(path)) / 1024])
    _exec_to_exit(report)
    _first_reply(report)
    _idle_memory(report)

"""Bulk over random loss, beside Linux with CUBIC: one stream through the same kind of impaired link, rounds interleaved."""

import contextlib
import signal
import subprocess
import sys

from bench.lib import impaired
from bench.lib.machine import BIN, IMAGES, ROOT, compiled, undisturbed
from bench.lib.namespaces import SERVER_ADDRESS, inside

NAME = "tcp"
ROUNDS = 3
SECONDS = 8
# 1 % lost each way, 10 ms each way.
PATH = {"loss": 10_000, "delay": 10_000}
METRIC = "bulk, 1 % loss, 20 ms"


@contextlib.contextmanager
def _running(namespace, *command):
    server = subprocess.Popen(inside(namespace, *undisturbed(), *command), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _receive(near):
    """Mbit/s of the stream that the server sends."""
    client = str(ROOT / "bench" / "programs" / "bulk_client.py")
    done = subprocess.run(inside(near, *undisturbed(), sys.executable, client, "give", SERVER_ADDRESS, str(SECONDS)), check=True,
                          capture_output=True, text=True, timeout=SECONDS + 60)
    size, seconds = map(float, done.stdout.split())
    return size * 8 / seconds / 1e6


def run(report):
    rates = {"holm": [], "linux, CUBIC": []}
    image = [str(BIN / "holm-process"), "--quiet", "--net", f"lan=tap0,ip={SERVER_ADDRESS}/24", str(IMAGES / "tests" / "bulk")]
    for seed in range(1, ROUNDS + 1):
        with impaired.to_image(seed=seed, **PATH) as (near, far), _running(far, *image):
            rates["holm"].append(_receive(near))
        with impaired.to_linux(seed=seed, **PATH) as (near, far), _running(far, compiled("echo_server"), "give", "19"):
            rates["linux, CUBIC"].append(_receive(near))
    for name, values in rates.items():
        report.add(NAME, METRIC, "Mbit/s", name, values)
    report.at_least(METRIC, "holm", "linux, CUBIC", 0.9)

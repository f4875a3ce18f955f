"""What a core's own operations take inside an image: reading the clock, yielding, awaiting a task, a timer."""

import re
import subprocess

from bench.lib.machine import BIN, BUILD, IMAGES, need

NAME = "core"
RUNS = 5


def run(report):
    subprocess.run([need("ninja"), "-C", str(BUILD), "tasks", "holm-process"], check=True, capture_output=True)
    figures = {}
    for _ in range(RUNS):
        output = subprocess.run([str(BIN / "holm-process"), str(IMAGES / "tests/tasks"), "--", "bench"], check=True,
                                capture_output=True, text=True).stdout
        for metric, value in re.findall(r"^(.+): (\d+) ns$", output, re.M):
            figures.setdefault(metric, []).append(float(value))
    for metric, values in figures.items():
        report.add(NAME, metric, "ns", "holm", values)

"""QEMU microvm, exec to first output: hello beside a kernel of a few instructions under the same QEMU."""

import os
import shlex
import shutil
import subprocess

from bench.lib.machine import BIN, BUILD, IMAGES, ROOT, Skip, compiled
from bench.benches.vm import kind_of_kvm

NAME = "qemu"
ROUNDS = 6
RUNS_A_ROUND = 5
REACH_MS = 4


def _trivial_kernel():
    """Assembles bench/programs/trivial_pvh.S; the address in its note must be a number, so it is linked where it runs."""
    target = BUILD / "bench" / "trivial-pvh"
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["clang-19", "--target=x86_64-linux-gnu", "-nostdlib", "-static", "-fuse-ld=lld-19", "-m32", "-Wl,--image-base=0x200000",
                    "-Wl,-e,start", "-o", target, ROOT / "bench" / "programs" / "trivial_pvh.S"], check=True)
    return target


def _command(accelerator, image):
    """As holm run would start it, but for the kernel."""
    printed = subprocess.run([BIN / "holm", "run", "--tender", "qemu", "--accel", accelerator, "--print-command", "--quiet", "hello"],
                             capture_output=True, text=True, check=True).stdout
    words = shlex.split(printed)
    words[0] = shutil.which(words[0])
    words[words.index("mon:stdio")] = "stdio"
    words[words.index("-kernel") + 1] = str(image)
    return words


def _measure(launcher, command):
    """Milliseconds to the first output, and of CPU in all."""
    output = subprocess.run([launcher, str(RUNS_A_ROUND), *command], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            timeout=600).stdout
    rows = [[int(word) for word in line.split()] for line in output.splitlines()]
    if any(row[3] != 1 for row in rows):  # isa-debug-exit's way to say 0
        raise RuntimeError(f"QEMU ended with status {rows[0][3]}")
    return [row[0] / 1e6 for row in rows], [row[2] / 1e6 for row in rows]


def _compare(report, accelerator):
    launcher = compiled("first_output", "-static")
    subjects = {f"holm hello, {accelerator}": IMAGES / "hello", f"trivial kernel, {accelerator}": _trivial_kernel()}
    commands = {name: _command(accelerator, image) for name, image in subjects.items()}
    times = {name: ([], []) for name in subjects}
    for command in commands.values():
        _measure(launcher, command)  # warm the caches
    for _ in range(ROUNDS):
        for name, command in commands.items():
            for all_of, some in zip(times[name], _measure(launcher, command)):
                all_of += some
    for column, metric in enumerate(("exec to first output", "exec to exit, CPU")):
        for name in subjects:
            report.add(NAME, metric, "ms", name, times[name][column])
    for metric in ("exec to first output", "exec to exit, CPU"):
        added = report.value(metric, f"holm hello, {accelerator}") - report.value(metric, f"trivial kernel, {accelerator}")
        report.add(NAME, f"{metric}, added", "ms", f"holm hello, {accelerator}", [added])
    report.bound("exec to first output, added", f"holm hello, {accelerator}", at_most=REACH_MS)


def run(report):
    if shutil.which("qemu-system-x86_64") is None:
        raise Skip("qemu-system-x86 is not installed")
    _compare(report, "tcg")
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        print(f"  {kind_of_kvm()}", flush=True)
        _compare(report, "kvm")

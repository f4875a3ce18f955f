"""QEMU microvm, exec to first output: hello beside a kernel of a few instructions under the same QEMU."""

import os
import shlex
import shutil
import subprocess

from bench.lib.machine import BIN, BUILD, IMAGES, ROOT, Skip, compiled, undisturbed
from bench.benches.vm import kind_of_kvm

NAME = "qemu"
ROUNDS = 30
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


METRICS = ("exec to first output", "exec to first output, CPU", "exec to exit, CPU")


def _measure(launcher, command):
    """Milliseconds of one run, for each of METRICS."""
    output = subprocess.run([*undisturbed(), launcher, "1", *command], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            timeout=600).stdout
    first, _, processor, status, first_processor = (int(word) for word in output.split())
    if status != 1:  # isa-debug-exit's way to say 0
        raise RuntimeError(f"QEMU ended with status {status}")
    return [first / 1e6, first_processor / 1e6, processor / 1e6]


def _compare(report, accelerator):
    launcher = compiled("first_output", "-static")
    subjects = {f"holm hello, {accelerator}": IMAGES / "hello", f"trivial kernel, {accelerator}": _trivial_kernel()}
    commands = {name: _command(accelerator, image) for name, image in subjects.items()}
    for command in commands.values():
        _measure(launcher, command)  # warm the caches
    ours, theirs = ([], [])
    # One of each in turn, and what is added run by run: load that comes and goes is in both.
    for _ in range(ROUNDS):
        for times, command in zip((ours, theirs), commands.values()):
            times.append(_measure(launcher, command))
    name = f"holm hello, {accelerator}"
    for column, metric in enumerate(METRICS):
        for subject, times in zip(subjects, (ours, theirs)):
            report.add(NAME, metric, "ms", subject, [row[column] for row in times])
        report.add(NAME, f"{metric}, added", "ms", name, [mine[column] - other[column] for mine, other in zip(ours, theirs)])
    report.bound("exec to first output, added", name, at_most=REACH_MS)
    report.bound("exec to first output, CPU, added", name, at_most=REACH_MS)


def run(report):
    if shutil.which("qemu-system-x86_64") is None:
        raise Skip("qemu-system-x86 is not installed")
    _compare(report, "tcg")
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        print(f"  {kind_of_kvm()}", flush=True)
        _compare(report, "kvm")

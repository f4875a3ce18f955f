"""Block devices: 4 KiB random reads from the page cache, operations per second of CPU, beside what Solo5's spt does."""

import os
import pathlib
import statistics
import subprocess
import tempfile

from bench.benches.vm import kind_of_kvm
from bench.lib.machine import BIN, IMAGES, Skip, compiled

NAME = "block"
SIZE = 64 << 20  # bytes; in the page cache for the whole of the benchmark
ROUNDS = 7
PAIRS = 61  # of short runs beside each other: the machine changes its pace by more than what is to be seen
READS = 60_000
WRITES = 100_000
VM_READS = 30_000
FIGURE = "4 KiB random reads, of CPU"
OURS = "holm-process, depth 32"
THEIRS = "pread64, filter as spt"


def _cpu_seconds(*command):
    """CPU time of a command with all its threads, of user and kernel."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with status {process.returncode}: {output.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime


def _blockbench(tender, disk, *arguments):
    return [BIN / tender, "--quiet", "--block", f"disk={disk}", IMAGES / "blockbench", "--", *arguments]


def _measure(report, metric, subjects, rounds=ROUNDS):
    """`subjects`: name → (command, operations). By turns; millions of operations a second of CPU, of each round."""
    rates = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, (command, operations) in subjects.items():
            rates[name].append(operations / _cpu_seconds(*command) / 1e6)
    for name, values in rates.items():
        report.add(NAME, metric, "M/s", name, values)
    return rates


def run(report):
    for path in (BIN / "holm-process", IMAGES / "blockbench"):
        if not path.exists():
            raise Skip(f"{path} is not built")
    # On a disk: a file system in memory cannot say whether it would have to wait.
    with tempfile.TemporaryDirectory(dir=pathlib.Path("/var/tmp")) as folder:
        disk = pathlib.Path(folder) / "disk"
        with open(disk, "wb") as file:
            file.truncate(SIZE)
        subprocess.run(_blockbench("holm-process", disk, "fill", "--size", "64K"), check=True, capture_output=True)
        subprocess.run(_blockbench("holm-process", disk, "check", "--size", "64K"), check=True, capture_output=True)
        reads = ["randread", "--count", READS]
        rates = _measure(report, FIGURE, {
            OURS: (_blockbench("holm-process", disk, *reads, "--depth", 32), READS),
            "holm-process, depth 1": (_blockbench("holm-process", disk, *reads, "--depth", 1), READS),
            THEIRS: ([compiled("spt_read", "-static"), disk, READS], READS),
        }, PAIRS)
        ratio = statistics.median(ours / theirs for ours, theirs in zip(rates[OURS], rates[THEIRS]))
        verdict = "reached" if ratio >= 1 else "NOT reached"
        print(f"  → {FIGURE}: {ratio:.3f} × pread64 at depth 1 behind spt's filter (median of {PAIRS} pairs); promised ≥ 1 × : {verdict}",
              flush=True)
        writes = ["randwrite", "--count", WRITES, "--depth", 32]
        _measure(report, "4 KiB random writes, of CPU", {
            "holm-process, depth 32": (_blockbench("holm-process", disk, *writes), WRITES),
        })
        if not (BIN / "holm-vm").exists() or not os.access("/dev/kvm", os.R_OK | os.W_OK):
            print("  the vm tender is left out: no holm-vm, or no KVM here", flush=True)
            return
        print(f"  {kind_of_kvm()}", flush=True)
        vm_reads = ["randread", "--count", VM_READS]
        _measure(report, FIGURE, {
            "holm-vm, depth 32": (_blockbench("holm-vm", disk, *vm_reads, "--depth", 32), VM_READS),
            "holm-vm, depth 1": (_blockbench("holm-vm", disk, "randread", "--count", VM_READS // 10, "--depth", 1), VM_READS // 10),
        })

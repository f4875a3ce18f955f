"""The machine of a benchmark: where things are built, how programs are run and measured."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
IMAGES = BUILD / "images"
BIN = BUILD / "bin"


class Skip(Exception):
    """The machine lacks what a benchmark needs; the message says what."""


def need(program):
    """The path of a program that the benchmark measures against, or Skip."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Skip(f"{program} is not installed")
    return path


def compiled(name, *flags):
    """Compiles bench/programs/NAME.c into build/bench/NAME (again only when the source is newer)."""
    source = ROOT / "bench" / "programs" / f"{name}.c"
    target = BUILD / "bench" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        made = target.with_name(f"{name}.{os.getpid()}")  # others may look for it at the same time
        subprocess.run(["clang-19", "-O2", "-Wall", *flags, "-o", made, source], check=True)
        made.replace(target)
    return str(target)


def undisturbed():
    """The front of a command line: real-time priority, where it is permitted. Other work on the machine then counts for
    less in wall times."""
    may = subprocess.run(["chrt", "--rr", "1", "true"], capture_output=True, check=False).returncode == 0
    return ["chrt", "--rr", "1"] if may else []


def cpu_nanoseconds(pid):
    """CPU time of a process with all its threads, in nanoseconds (scheduler's own count, not ticks)."""
    total = 0
    for task in (pathlib.Path("/proc") / str(pid) / "task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def proportional_kib(pid):
    """PSS of a process in KiB."""
    for line in (pathlib.Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss line")


def descendants(pid):
    """The process and everything below it."""
    found = [pid]
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        found += descendants(int(child))
    return found

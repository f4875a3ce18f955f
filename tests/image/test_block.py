"""Block devices under the process tender: what is refused at the start, what the filter permits, and what threads do."""

import fcntl
import os
import shutil
import subprocess

import pytest

from tests.image import probe
from tests.support.instance import IMAGES

FILE = 3  # enum holm_transport
READ_ONLY = 2  # enum holm_device_flags
SIZE = 1 << 20


def error(number):
    return 2**64 - number


EFBIG, ENOSPC, EOVERFLOW = error(27), error(28), error(75)


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"\xa5" * SIZE)
    return path


def run(disk, *words, settings="", **named):
    return probe.run(*words, options=["--block", f"disk={disk}{settings}"], **named)


def result(disk, *words, **named):
    done = run(disk, *words, **named)
    assert done.returncode == 0, done
    return probe.facts(done.stdout)["result"]


# At the start


def test_a_file_is_told_to_the_image(disk):
    facts = probe.facts(run(disk, "report").stdout)
    assert facts["disk-transport"] == FILE and facts["sector-size"] == 512 and facts["sector-count"] == SIZE // 512
    assert facts["disk-flags"] == 0 and facts["workers"] == 4
    facts = probe.facts(run(disk, "report", settings=",ro,sector=4096").stdout)
    assert facts["sector-size"] == 4096 and facts["sector-count"] == SIZE // 4096 and facts["disk-flags"] == READ_ONLY


def test_an_instance_without_a_block_device_has_no_workers():
    facts = probe.facts(probe.run("report").stdout)
    assert facts["workers"] == 0 and facts["disk-transport"] == 0


def test_a_path_may_have_commas(tmp_path):
    path = tmp_path / "a,b"
    path.write_bytes(bytes(512))
    assert probe.facts(run(path, "report", settings=",ro").stdout)["sector-count"] == 1


@pytest.mark.parametrize(
    "make, settings, sentence",
    [
        (lambda path: None, "", "cannot be opened: No such file or directory"),
        (lambda path: path.mkdir(), "", "is neither a regular file nor a block device"),
        (lambda path: os.mkfifo(path), "", "is neither a regular file nor a block device"),
        (lambda path: path.write_bytes(b""), "", "has 0 bytes; allowed: a multiple of 512, and not 0"),
        (lambda path: path.write_bytes(bytes(700)), "", "has 700 bytes; allowed: a multiple of 512, and not 0"),
        (lambda path: path.write_bytes(bytes(512)), ",sector=4096", "has 512 bytes; allowed: a multiple of 4096, and not 0"),
    ],
)
def test_what_is_no_disk_is_refused(tmp_path, make, settings, sentence):
    path = tmp_path / "disk.img"
    make(path)
    done = run(path, "report", settings=settings)
    assert done.returncode == probe.REFUSED and done.stdout == ""
    assert done.stderr == f"holm-process: device disk: {path} {sentence}\n"


@pytest.mark.parametrize(
    "option, sentence",
    [
        ("disk", "--block 'disk' grants nothing; allowed: NAME=FILE, NAME=FILE,ro, NAME=FILE,sector=4096"),
        ("=x", "--block '=x' grants nothing; allowed: NAME=FILE, NAME=FILE,ro, NAME=FILE,sector=4096"),
        ("disk=", "--block 'disk=' names no file; allowed: NAME=FILE and NAME=FILE,ro"),
        ("disk=x,sector=1024", "--block 'disk=x,sector=1024' has no such sector size; allowed: sector=512 and sector=4096"),
    ],
)
def test_a_malformed_grant_is_refused(option, sentence):
    done = probe.run("report", options=["--block", option])
    assert done.returncode == probe.REFUSED and done.stderr == f"holm-process: {sentence}\n"


def test_a_device_that_the_image_lacks_is_refused(disk):
    done = probe.run("report", options=["--block", f"data={disk}"])
    assert done.returncode == probe.REFUSED
    assert "--block data: the image has no block device of that name; it declares disk (block), lan (net)\n" in done.stderr
    done = probe.run("report", options=["--block", f"disk={disk}", "--block", f"disk={disk}"])
    assert done.returncode == probe.REFUSED and done.stderr.endswith("the device is granted twice\n")


def test_a_file_in_use_is_refused_unless_all_read(disk):
    with open(disk, "r+b") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert run(disk, "report", settings=",ro").returncode == 0
        done = run(disk, "report")
        assert done.returncode == probe.REFUSED
        assert done.stderr == f"holm-process: device disk: {disk} is in use by another instance\n"


def test_a_block_special_file(disk):
    """A loop device: its size is what the kernel says, and it can be written within it alone."""
    if os.geteuid() != 0 or shutil.which("losetup") is None:
        pytest.skip("a loop device needs root and losetup")
    made = subprocess.run(["losetup", "--find", "--show", str(disk)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip("no loop device can be had here")
    device = made.stdout.strip()
    try:
        facts = probe.facts(run(device, "report").stdout)
        assert facts["sector-size"] == 512 and facts["sector-count"] == SIZE // 512
        assert result(device, "pwrite", f"512:{SIZE - 512}") == 512
        assert run(device, "pwrite", f"512:{SIZE}").returncode == probe.KILLED_BY_FILTER
        assert result(device, "plain-write") in (EFBIG, EOVERFLOW, ENOSPC)
        assert result(device, "plain-read") == 0
        assert result(device, "preadv", "512:0", settings=",ro") == 512
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


# What the filter permits


@pytest.mark.parametrize("size, offset", [(512, 0), (0, 0), (512, SIZE - 512), (1, SIZE - 1), (0, SIZE)])
def test_a_write_within_the_device(disk, size, offset):
    assert result(disk, "pwrite", f"{size}:{offset}") == size
    assert disk.stat().st_size == SIZE


@pytest.mark.parametrize("size, offset", [(1, SIZE), (512, SIZE - 511), (0, SIZE + 1), (1, 1 << 40), (1 << 32, 0), (1, (1 << 63) - 1)])
def test_a_write_past_the_end_kills_the_process(disk, size, offset):
    assert run(disk, "pwrite", f"{size}:{offset}").returncode == probe.KILLED_BY_FILTER
    assert disk.stat().st_size == SIZE


def test_only_holes_can_be_made(disk):
    assert result(disk, "fallocate", 3) == 0
    assert disk.read_bytes()[:8192] == bytes(4096) + b"\xa5" * 4096
    for mode in (0, 1, 2, 4, 8, 16, 32, 64):
        assert run(disk, "fallocate", mode).returncode == probe.KILLED_BY_FILTER, mode


def test_calls_that_take_any_descriptor_do_nothing_to_a_device(disk):
    """write() is bound by the descriptor table alone; the file's position is out of its reach."""
    assert result(disk, "plain-write") in (EFBIG, EOVERFLOW)
    assert result(disk, "plain-read") == 0
    assert disk.read_bytes() == b"\xa5" * SIZE


def test_the_console_is_no_device(disk, tmp_path):
    for what in ("pwrite-console", "fallocate-console"):
        with open(tmp_path / "console", "wb") as console:
            assert run(disk, what, stdout=console).returncode == probe.KILLED_BY_FILTER


def test_a_read_only_device_cannot_be_written(disk):
    for words in (("pwrite", "512:0"), ("fallocate", "3")):
        assert run(disk, *words, settings=",ro").returncode == probe.KILLED_BY_FILTER
    assert result(disk, "preadv", "512:512", settings=",ro") == 512


# Threads


def test_a_worker_enters_the_image_when_there_is_work(disk):
    done = run(disk, "worker")
    assert done.returncode == 0 and probe.facts(done.stdout)["worker-has-its-argument"] == 1 and "done\n" in done.stdout


def test_a_fault_of_a_worker_is_an_upcall(disk):
    done = run(disk, "worker-fault")
    assert done.returncode == probe.FAULT and probe.facts(done.stdout)["fault"] == 11


def test_a_forbidden_call_of_a_worker_ends_the_instance(disk):
    done = run(disk, "worker-forbidden")
    assert done.returncode == probe.KILLED_BY_FILTER and "done" not in done.stdout


def test_workers_hold_little_memory_and_no_signals(disk, start):
    instance = start(probe.PROBE, "--block", f"disk={disk}", arguments=["wait"])
    instance.wait_for("ready")
    tasks = sorted(int(name) for name in os.listdir(f"/proc/{instance.pid}/task"))
    assert len(tasks) == 5 and tasks[0] == instance.pid
    faults = sum(1 << (number - 1) for number in (4, 5, 7, 8, 11))
    unblockable = (1 << 8) | (1 << 18)
    for task in tasks:
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{instance.pid}/task/{task}/status", encoding="utf-8")
                      if ":\t" in line)
        assert status["Seccomp"].strip() == "2" and status["NoNewPrivs"].strip() == "1"
        assert int(status["CapPrm"], 16) == 0
        blocked = int(status["SigBlk"], 16)
        assert blocked == (0 if task == instance.pid else (1 << 64) - 1 - faults - unblockable)
    assert instance.stop() == 0


# With the library OS


def traced(disk, *arguments):
    command = [str(probe.TENDER), "--trace-syscalls", "--block", f"disk={disk}", str(IMAGES / "blockbench"), "--", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_flush_reaches_the_disk_after_the_writes(disk):
    done = traced(disk, "fill", "--size", "64K")
    assert done.returncode == 0
    calls = [line for line in done.stderr.splitlines() if "worker" in line]
    writes = [i for i, line in enumerate(calls) if "pwrite64(" in line]
    flushes = [i for i, line in enumerate(calls) if "fdatasync(" in line]
    assert len(writes) == SIZE // 65536 and len(flushes) == 1 and flushes[0] > max(writes)
    assert calls[flushes[0]].endswith(" = 0")


def test_the_core_never_waits_for_the_disk(disk):
    """Writing, flushing and freeing are the workers' business, and so is reading what is not in memory."""
    done = traced(disk, "fill", "--size", "64K")
    core = [line for line in done.stderr.splitlines() if line.startswith("[holm-process] ")]
    assert core and not [line for line in core if any(call in line for call in ("pwrite64", "fdatasync", "fallocate"))]
    done = traced(disk, "check")
    reads = [line for line in done.stderr.splitlines() if line.startswith("[holm-process] preadv2(")]
    assert reads  # with RWF_NOWAIT, which the trace has no room for; a unit test looks at it

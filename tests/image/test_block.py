"""Block devices on the process tender: what is refused at the start, what the filter permits, and what threads do."""

import fcntl
import os
import subprocess

import pytest

from tests.image import probe
from tests.support.instance import IMAGES

FILE = 3  # enum holm_transport
READ_ONLY = 2  # enum holm_device_flags
SIZE = 1 << 20
BLOCKBENCH = IMAGES / "blockbench"


def error(number):
    return 2**64 - number


EBADF, EFBIG, EOVERFLOW = error(9), error(27), error(75)


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


def bench(disk, *arguments, settings="", options=(), timeout=60, **named):
    command = [str(probe.TENDER), *options, "--block", f"disk={disk}{settings}", str(BLOCKBENCH), "--", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **named)


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


def test_what_was_written_is_there_after_a_new_start(disk):
    assert bench(disk, "fill").returncode == 0
    done = bench(disk, "check", settings=",ro")
    assert done.returncode == 0 and "check: 256 operations" in done.stdout
    with open(disk, "r+b") as file:
        file.seek(8192 + 100)
        file.write(b"x")
    done = bench(disk, "check", settings=",ro")
    assert done.returncode == 1 and "the block at offset 8192 has a wrong checksum" in done.stdout


@pytest.mark.parametrize("size", ["512", "4K", "64K", "1M"])
@pytest.mark.parametrize("depth", [1, 32])
def test_blocks_of_all_sizes(disk, size, depth):
    done = bench(disk, "verify", "--size", size, "--depth", depth)
    assert done.returncode == 0, done


def test_a_read_only_device_is_an_error_to_the_service(disk):
    done = bench(disk, "fill", settings=",ro")
    assert done.returncode == 1 and "the device is read-only" in done.stdout
    assert disk.read_bytes() == b"\xa5" * SIZE


def test_a_file_that_shrinks_is_an_error_to_the_service(disk, start):
    os.truncate(disk, SIZE)
    instance = start("blockbench", "--block", f"disk={disk},ro", arguments=["read", "--seconds", "30", "--size", "512"])
    while not os.path.exists(f"/proc/{instance.pid}/task"):
        pass
    # When it has opened the file there are its threads.
    while instance.alive() and len(os.listdir(f"/proc/{instance.pid}/task")) < 5:
        pass
    os.truncate(disk, SIZE // 2)
    assert instance.wait(60) == 1
    assert "the device's file has become shorter" in instance.output()


def test_a_full_disk_is_an_error_to_the_service(tmp_path):
    """A file system of half the size of the device."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        disk = folder / "disk.img"
        with open(disk, "wb") as file:
            file.truncate(SIZE)
        done = bench(disk, "fill")
        assert done.returncode == 1 and "the host has no room for what is written" in done.stdout
        assert bench(disk, "discard").returncode == 0
        assert disk.stat().st_blocks == 0
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_limit_on_file_sizes_is_an_error_to_the_service(tmp_path):
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as file:
        file.truncate(SIZE)
    command = ["prlimit", f"--fsize={SIZE // 2}", probe.TENDER, "--block", f"disk={disk}", BLOCKBENCH, "--", "fill"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "the host does not let the device's file grow that far" in done.stdout


def test_a_flush_reaches_the_disk_after_the_writes(disk):
    done = bench(disk, "fill", "--size", "64K", options=["--trace-syscalls"])
    assert done.returncode == 0
    calls = [line for line in done.stderr.splitlines() if "worker" in line]
    writes = [i for i, line in enumerate(calls) if "pwrite64(" in line]
    flushes = [i for i, line in enumerate(calls) if "fdatasync(" in line]
    assert len(writes) == SIZE // 65536 and len(flushes) == 1 and flushes[0] > max(writes)
    assert calls[flushes[0]].endswith(" = 0")


def test_the_core_never_waits_for_the_disk(disk):
    """Writing, flushing and freeing are the workers' business, and so is reading what is not in memory."""
    done = bench(disk, "fill", "--size", "64K", options=["--trace-syscalls"])
    core = [line for line in done.stderr.splitlines() if line.startswith("[holm-process] ")]
    assert core and not [line for line in core if any(call in line for call in ("pwrite64", "fdatasync", "fallocate"))]
    done = bench(disk, "check", options=["--trace-syscalls"])
    reads = [line for line in done.stderr.splitlines() if line.startswith("[holm-process] preadv2(")]
    assert reads  # with RWF_NOWAIT, which the trace has no room for; a unit test looks at it


def test_a_discard_frees_the_hosts_blocks(disk):
    assert bench(disk, "fill").returncode == 0
    assert disk.stat().st_blocks * 512 >= SIZE
    assert bench(disk, "discard", "--size", "64K").returncode == 0
    assert disk.stat().st_blocks == 0 and disk.stat().st_size == SIZE


def test_a_stop_request_ends_an_instance_with_requests_in_flight(disk, start):
    instance = start("blockbench", "--block", f"disk={disk}", arguments=["randwrite", "--seconds", "60"])
    while instance.alive() and len(os.listdir(f"/proc/{instance.pid}/task")) < 5:
        pass
    assert instance.stop() == 143

"""What a service sees of a block device, the same on every tender: examples/blockbench writes, reads and checks."""

import os
import subprocess
import time

import pytest

from tests.support import tenders
from tests.support.instance import BIN, IMAGES

SIZE = 1 << 20
BLOCKBENCH = IMAGES / "blockbench"
TENDERS = (tenders.PROCESS, tenders.VM, tenders.MICROVM)


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"\xa5" * SIZE)
    return path


@pytest.fixture(params=TENDERS, ids=str)
def tender(request):
    return request.param.or_skip()


@pytest.fixture
def bench(tender):
    """bench(disk, *arguments) runs blockbench to its end."""

    def run(disk, *arguments, settings="", options=(), prefix=(), timeout=120):
        command = [*prefix, str(BIN / tender.program), *tender.options, *options, "--block", f"disk={disk}{settings}", str(BLOCKBENCH), "--",
                   *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return run


def test_what_was_written_is_there_after_a_new_start(disk, bench):
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
def test_blocks_of_all_sizes(disk, bench, size, depth):
    done = bench(disk, "verify", "--size", size, "--depth", depth)
    assert done.returncode == 0, done


def test_a_read_only_device_is_an_error_to_the_service(disk, bench):
    done = bench(disk, "fill", settings=",ro")
    assert done.returncode == 1 and "the device is read-only" in done.stdout
    assert disk.read_bytes() == b"\xa5" * SIZE


def wait_for_requests(instance, tender):
    """When an instance has opened its devices there are the threads that serve them; QEMU has some before, and reads or writes
    more than itself when the image does."""

    def moved(process):
        with open(f"/proc/{process}/io", encoding="ascii") as counters:
            return sum(int(line.split()[1]) for line in counters if line.startswith(("rchar", "wchar")))

    if tender.program != "holm-qemu":
        while instance.alive() and len(os.listdir(f"/proc/{instance.pid}/task")) < 4:
            time.sleep(0.01)
        return
    while instance.alive():
        children = subprocess.run(["pgrep", "-P", str(instance.pid)], capture_output=True, text=True, check=False).stdout.split()
        if children and moved(children[0]) > 32 * SIZE:
            return
        time.sleep(0.05)


def test_a_file_that_shrinks_is_an_error_to_the_service(disk, tender, start):
    if tender.program == "holm-qemu":
        pytest.skip("QEMU reads zeroes behind the end of a file")
    instance = start("blockbench", "--block", f"disk={disk},ro", arguments=["read", "--seconds", "60", "--size", "512"],
                     tender=tender)
    wait_for_requests(instance, tender)
    os.truncate(disk, SIZE // 2)
    assert instance.wait(60) == 1
    # A virtio device can say no more than that it did not work.
    assert "the device's file has become shorter" in instance.output() or tender != tenders.PROCESS
    assert "blockbench: offset" in instance.output()


def test_a_full_disk_is_an_error_to_the_service(tmp_path, tender, bench):
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
        # QEMU's device, as virtio has it, can say no more than that it did not work.
        sentence = "the host could not read or write" if tender.program == "holm-qemu" else "the host has no room for what is written"
        assert done.returncode == 1 and sentence in done.stdout
        assert bench(disk, "discard").returncode == 0
        assert disk.stat().st_blocks == 0
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_limit_on_file_sizes_is_an_error_to_the_service(tmp_path, bench):
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as file:
        file.truncate(SIZE)
    done = bench(disk, "fill", prefix=["prlimit", f"--fsize={SIZE // 2}"])
    assert done.returncode == 1 and "blockbench: offset" in done.stdout
    assert disk.stat().st_blocks * 512 <= SIZE // 2


def test_a_discard_frees_the_hosts_blocks(disk, bench):
    assert bench(disk, "fill").returncode == 0
    assert disk.stat().st_blocks * 512 >= SIZE
    assert bench(disk, "discard", "--size", "64K").returncode == 0
    assert disk.stat().st_blocks == 0 and disk.stat().st_size == SIZE


def test_a_stop_request_ends_an_instance_with_requests_in_flight(disk, tender, start):
    instance = start("blockbench", "--block", f"disk={disk}", arguments=["randwrite", "--seconds", "60"], tender=tender)
    wait_for_requests(instance, tender)
    assert instance.stop() == 143


def test_the_device_is_no_business_of_others_once_the_instance_has_ended(disk, bench):
    assert bench(disk, "fill").returncode == 0
    assert bench(disk, "check").returncode == 0  # the lock is gone with the one before


@pytest.mark.parametrize("what", ["cancel", "errors", "two", "zeroes"])
def test_a_service(tmp_path, tender, what):
    """tests/block: dropped requests, mistakes, two devices at a time, holes and memory in pieces."""
    grants = []
    for name in ("disk", "log") if what == "two" else ("disk",):
        with open(tmp_path / name, "wb") as file:
            file.truncate(SIZE)
        grants += ["--block", f"{name}={tmp_path / name}"]
    command = [str(BIN / tender.program), *tender.options, *grants, str(IMAGES / "tests" / "block"), "--", what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and done.stdout == "", done

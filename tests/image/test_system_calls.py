"""The permitted system calls: nothing is missing, nothing is to spare, each has its bound."""

import contextlib
import os
import pathlib
import pty
import re
import subprocess
import termios

import pytest

from tests.image import probe

LIST = pathlib.Path(__file__).parents[2] / "tender" / "sandbox" / "system_calls.h"
ENTRIES = re.findall(r'SystemCall\{(\d+), "(\w+)"([^}]*)\}', LIST.read_text())
PERMITTED = {int(number): name for number, name, rest in ENTRIES if "kBlockDevice" not in rest}
WITH_A_BLOCK_DEVICE = {int(number): name for number, name, _ in ENTRIES}
HIGHEST = 480  # past the calls of Linux 6.18
# uretprobe and uprobe: Linux 6.14 and later let them past every filter (kernel/seccomp.c), for its own trampolines call them;
# from anywhere else the first raises SIGILL, an upcall, and the second says ENXIO.
PAST_THE_FILTER = {335: "fault 0x4", 336: f"result {2**64 - 6:#x}"}
EBADF = 2**64 - 9


def test_the_list_is_short():
    assert 1 <= len(PERMITTED) < len(WITH_A_BLOCK_DEVICE) <= 12


@pytest.mark.parametrize("with_a_block_device", [False, True])
def test_every_other_call_kills_the_process(with_a_block_device, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4096))
    permitted = WITH_A_BLOCK_DEVICE if with_a_block_device else PERMITTED
    for number in range(HIGHEST):
        if number in permitted:
            continue
        done = probe.run("call", number, options=["--block", f"disk={disk}"] if with_a_block_device else [])
        if number in PAST_THE_FILTER and done.stdout.startswith(PAST_THE_FILTER[number]):
            continue
        assert done.returncode == probe.KILLED_BY_FILTER, f"{number}: {done}"
        assert done.stdout == ""


@pytest.mark.parametrize("number", [10, 15, 228])
def test_calls_that_are_not_hot_must_come_from_the_gate(number):
    assert probe.run("own-call", number).returncode == probe.KILLED_BY_FILTER


def test_hot_calls_are_bound_by_the_descriptor_table_not_by_the_gate():
    assert probe.run("own-write").stdout == "allowed\n"


def test_x32_and_32_bit_calls_kill_the_process():
    assert probe.run("own-call", 0x40000000 + 1).returncode == probe.KILLED_BY_FILTER
    assert probe.run("int-80", 4).returncode == probe.KILLED_BY_FILTER


@pytest.mark.parametrize("protection", [1, 2, 3, 4, 5, 7])
def test_mprotect_gives_no_access(protection):
    assert probe.run("protect", protection).returncode == probe.KILLED_BY_FILTER


def test_mprotect_takes_access():
    assert probe.facts(probe.run("protect", 0).stdout)["result"] == 0


def test_the_clock_can_be_compared():
    assert probe.facts(probe.run("clock").stdout)["result"] == 0


def test_upcalls_return():
    """A watchdog tick interrupts the image and rt_sigreturn resumes it."""
    assert probe.facts(probe.run("ticks", 1).stdout)["ticks"] >= 1


def test_inherited_descriptors_are_closed():
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    for descriptor in (0, 2, reader):
        done = probe.run("read", descriptor, pass_fds=[reader])
        assert probe.facts(done.stdout)["result"] == EBADF, descriptor
    os.close(reader)
    os.close(writer)


def test_a_terminal_is_open_for_writing_only():
    """The image may call read: it must not get what the user types."""
    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    modes[3] &= ~termios.ECHO  # what is typed would stand in the middle of what the image prints
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    process = subprocess.Popen([probe.TENDER, probe.PROBE, "--", "read", "1"], stdout=theirs)
    os.write(ours, b"secret\n")
    assert process.wait(30) == 0
    os.close(theirs)
    printed = b""
    with contextlib.suppress(OSError):  # EIO: the other side has closed, and all has been read
        while chunk := os.read(ours, 1000):
            printed += chunk
    os.close(ours)
    assert f"result {EBADF:#x}" in printed.decode()


def test_a_closed_standard_output_is_no_hole_in_the_table():
    done = subprocess.run(f"exec {probe.TENDER} {probe.PROBE} -- exit 7 >&-", shell=True, check=False)
    assert done.returncode == 7


def test_the_trace_names_calls_and_shows_the_forbidden_one():
    done = probe.run("call", 39, options=["--trace-syscalls"])
    assert done.returncode == probe.KILLED_BY_FILTER
    assert "[holm-process] system call 39(0x0, 0x0, 0x0, 0x0): forbidden, the process was killed\n" in done.stderr
    done = probe.run("exit", 5, options=["--trace-syscalls"])
    assert done.returncode == 5
    assert done.stderr == "[holm-process] exit_group(0x5, 0x0, 0x0, 0x0)\n"
    done = probe.run("clock", options=["--trace-syscalls"])
    assert re.search(r"^\[holm-process\] clock_gettime\(0x1, .*\) = 0$", done.stderr, re.MULTILINE)
    assert "write(0x1" in done.stderr

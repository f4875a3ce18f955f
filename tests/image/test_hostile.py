"""Images of the vm platform that do what none should (images/hostile): each ends in order, with one clear sentence, or with
the fault that a program gets; nothing hangs, and the host notices nothing."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import termios
import time

import pytest

from tests.support.instance import BIN, IMAGES

IMAGE = IMAGES / "tests" / "hostile"
TENDER = BIN / "holm-vm"
FORBIDDEN = 159  # 128 + SIGSYS, as for a forbidden system call
FAULT = 100  # the image's own, after an upcall about an exception
UNREPORTED_FAULT = 139  # 128 + SIGSEGV
STOPPED = 143
REFUSED = 125

PAGE_FAULT, PROTECTION, INVALID = 14, 13, 6


@pytest.fixture(autouse=True, scope="module")
def machine():
    if not IMAGE.exists():
        pytest.skip("build/images/tests/hostile is not built")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("/dev/kvm is missing, or not permitted")


def run(*words, options=(), timeout=120):
    return subprocess.run([str(TENDER), *options, str(IMAGE), "--", *map(str, words)], capture_output=True, text=True,
                          timeout=timeout, check=False)


def sentence_of(done, status=FORBIDDEN):
    assert done.returncode == status, done
    assert done.stderr.count("\n") == 1, done
    return done.stderr.removeprefix("holm-vm: hostile: was ended: ").rstrip("\n")


def fault_of(done):
    assert done.returncode == FAULT and done.stderr == "", done
    return {name: int(value, 16) for name, value in re.findall(r"^(\w+) (0x[0-9a-f]+)$", done.stdout, re.M)}


HARMLESS = {
    "cpuid": "answers from the tender's table",
    "io_privilege": "the bits cannot be changed, and the instruction says nothing",
    "vmcall": "KVM refuses hypercalls of ring 3 with an error",
    "vmmcall": "the same",
    "sgdt": "without UMIP it tells an address that nobody can use",
    "sidt": "the same", "str": "the same", "smsw": "the same",
}


def test_no_instruction_gives_ring_3_a_privilege():
    names = run("list").stdout.split()
    assert len(names) > 50
    for name in names:
        done = run(name)
        if done.stdout == "survived\n":
            assert name in HARMLESS, f"{name}: {done}"
            continue
        vector = fault_of(done)["vector"]
        # `syscall` goes to address 0 on a KVM that cannot switch it off; KVM tries to replace `vmmcall` by `vmcall`.
        allowed = {PROTECTION, INVALID} | ({PAGE_FAULT} if name in ("system_call", "vmmcall") else set())
        assert vector in allowed, f"{name}: {done}"


@pytest.mark.parametrize("number", [5, 8, 100, 511])
def test_hypercalls_that_do_not_exist(number):
    assert sentence_of(run("hypercall", number)) == f"hypercall {number} does not exist for an image"


@pytest.mark.parametrize("words", [
    ("hypercall", 1, 0), ("hypercall", 2, 8), ("hypercall", 3, 0), ("hypercall", 6, 0), ("console", 0, 1),
    ("console-past-the-heap",), ("console-round-the-world",), ("console-of-ring-0",), ("console-of-a-guard-page",),
    ("structure-past-the-heap", 1), ("structure-past-the-heap", 2), ("structure-past-the-heap", 3),
    ("structure-past-the-heap", 6), ("result-into-constants", 2), ("result-into-constants", 3), ("result-into-code", 3),
])
def test_hypercalls_that_name_memory_which_is_not_the_images(words):
    assert re.fullmatch(r"hypercall (CONSOLE|WAIT|CLOCK|RESUME) names memory that the image cannot use in this way: 0x[0-9a-f]+",
                        sentence_of(run(*words)))


def test_a_structure_on_a_guard_page():
    done = run("structure-on-a-guard-page")
    assert done.returncode == REFUSED and done.stderr.count("\n") == 1
    assert "a guard page in a structure that it passed" in done.stderr


@pytest.mark.parametrize("words, sentence", [
    (("guard-code",), "hypercall GUARD names no page of heap or stack"),
    (("guard-data",), "hypercall GUARD names no page of heap or stack"),
    (("guard-unaligned",), "hypercall GUARD names no page of heap or stack"),
    (("resume-without-upcall",), "hypercall RESUME names a frame, but no upcall runs"),
    (("resume-nowhere",), "hypercall RESUME names an instruction that cannot be the image's"),
    (("store", 0, 1), "a store of 1 bytes at offset 0x0 of the hypercall page"),
    (("store-4", 8, 1), "a store of 4 bytes at offset 0x8 of the hypercall page"),
    (("store-across",), "a store of 4 bytes at offset 0xffc of the hypercall page"),
    (("copy",), "a store of 1 bytes at offset 0x0 of the hypercall page"),
    (("add",), "a read where"),
    (("read", 0), "a read where"),
    (("doorbell", 0), "a store to doorbell 0, which no device has"),
    (("doorbell", 4092), "a store to doorbell 511, which no device has"),
])
def test_misuse_is_told(words, sentence):
    assert sentence_of(run(*words)).startswith(sentence)


@pytest.mark.parametrize("offset", [8192, 2 << 20, (2 << 20) + 8192])
def test_a_guard_page_is_inaccessible_at_once(offset):
    """The page was touched before, so the processor knew it; a large page around it has to be split."""
    done = run("guard-and-touch", offset)
    assert done.stdout.startswith("guarded\n")
    assert fault_of(done)["vector"] == PAGE_FAULT


def test_guarding_half_of_the_memory_is_bounded():
    done = run("guard-every-second-page", options=["--mem", "1G"])
    assert "more pages than the host can guard (vm.max_map_count)" in sentence_of(done)


def test_what_lies_below_the_image_is_ring_0s():
    for page in range(1, 13):
        done = run("below", page)
        if done.returncode == FORBIDDEN:  # hypercalls and doorbells: a read is none
            assert "a read where" in done.stderr
        elif done.returncode == 0:  # the probe, in its last moment
            assert page == 2
        else:
            fault = fault_of(done)
            assert fault["vector"] == PAGE_FAULT and fault["error"] in (4, 5)  # of ring 3; absent, or not its own
        if not 7 <= page <= 8:
            assert fault_of(run("write-below", page))["vector"] == PAGE_FAULT


def test_physical_memory_has_no_address_of_its_own():
    # The tender's page tables and stacks; the image's own memory begins at a random place in the 2 MiB behind them.
    for offset in (0, 4096, 8192):
        assert fault_of(run("physical", offset))["vector"] == PAGE_FAULT


@pytest.mark.parametrize("way", ["store-wide", "save-state", "store-vector", "push"])
def test_stores_that_kvm_has_to_take_apart(way):
    """KVM carries these out by itself, if it can; what it cannot is an invalid instruction, or the end with a sentence."""
    done = run(way)
    if done.returncode == FAULT:
        assert fault_of(done)["vector"] == INVALID
    elif done.returncode == REFUSED:
        assert re.fullmatch(r"holm-vm: hostile: was ended: this KVM cannot go on: .*, 0x1\n", done.stderr), done
    elif done.returncode != 0:  # two calls of 8 bytes, the first of them EXIT with 0
        assert "does not exist for an image" in sentence_of(done)


def test_the_hypercall_page_cannot_be_executed():
    assert fault_of(run("run-hypercalls"))["vector"] == PAGE_FAULT


def test_a_fault_needs_no_stack():
    assert fault_of(run("fault-without-stack"))["vector"] == INVALID
    assert fault_of(run("stack-of-ring-0"))["vector"] == PAGE_FAULT


def test_a_fault_in_the_fault_handler_is_the_tenders_to_report():
    done = run("fault-in-upcall")
    assert done.returncode == UNREPORTED_FAULT and done.stdout == ""
    first = done.stderr.splitlines()[0]
    assert "a fault while the image handled another: page fault (vector 14, error code 0x6, address 0x8) at 0x2" in first
    assert "  rip 0x" in done.stderr and "where (" in done.stderr
    before = done.stderr.partition("the upcall was about page fault (error code 0x6, address 0x10)\n")[2]
    assert before.startswith("interrupted (") and "  rip 0x" in before, done.stderr


@pytest.mark.skipif(shutil.which("llvm-symbolizer-19") is None, reason="llvm-symbolizer is not installed")
def test_holm_run_names_the_functions_of_such_a_report():
    done = subprocess.run([BIN / "holm", "run", "--tender", "vm", IMAGE, "--arg", "fault-in-upcall"], capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == UNREPORTED_FAULT
    address = re.search(r"^where .*\n  (0x[0-9a-f]+)$", done.stderr, re.M).group(1)
    assert re.search(rf"^names\n  {address}  \w+ at hostile.c:\d+:\d+$", done.stderr, re.M), done.stderr


@pytest.mark.parametrize("offset", [64, 4088])
def test_a_report_looks_for_no_frames_in_a_guard_page(offset):
    done = run("fault-above-a-guard-page", offset)
    assert done.returncode == UNREPORTED_FAULT and "a fault while the image handled another: page fault" in done.stderr, done
    assert "  rip 0x" in done.stderr


@pytest.mark.parametrize("way", ["spin", "spin-in-upcall", "wait-for-ever", "exit-loop"])
def test_who_does_not_stop_is_stopped(way):
    process = subprocess.Popen([str(TENDER), "--grace", "200", str(IMAGE), "--", way], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == STOPPED
    assert time.monotonic() - asked >= 0.2
    assert said == "holm-vm: hostile: was ended: it did not stop within its grace period, 200 ms\n"


def bytes_in(pipe):
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), "little")


@pytest.mark.parametrize("together", [False, True])
def test_a_console_that_nobody_reads_does_not_keep_it(together):
    """Together: what the tender itself has to say finds no room either."""
    process = subprocess.Popen([str(TENDER), "--grace", "200", "--count-exits", str(IMAGE), "--", "flood", "1000000"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT if together else subprocess.PIPE)
    try:
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        while bytes_in(process.stdout) < 4000:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == STOPPED
    finally:
        process.kill()
        process.communicate()

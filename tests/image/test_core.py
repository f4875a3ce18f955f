"""Core files: of panics, of crashes and of running instances, opened by a stock gdb."""

import os
import pathlib
import re
import resource
import shutil
import subprocess

import pytest

from tests.support.instance import BIN, IMAGES
from tests.support.waiting import until

HOLM = BIN / "holm"
KVM = pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="/dev/kvm cannot be used here")
TENDERS = ["process", pytest.param("vm", marks=KVM)]
TASKS = IMAGES / "tests" / "tasks"
PANIC = 134
WITH_QEMU = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86 is not installed")
QEMU = pytest.param("qemu", marks=WITH_QEMU)

needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


def run(core, what, tender="process", **named):
    emulated = ["--accel", "tcg"] if tender == "qemu" else []
    return subprocess.run([BIN / f"holm-{tender}", *emulated, "--dump", core, TASKS, "--", what], capture_output=True, text=True, timeout=120, check=False, **named)


def opened(core, *commands):
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", f"{TASKS}.debug", core, *words], capture_output=True, text=True, timeout=120,
                          check=False)
    return done.stdout + done.stderr


@needs_gdb
@pytest.mark.parametrize("tender", [*TENDERS, QEMU])
@pytest.mark.parametrize("what, signal, function", [
    ("null-write", "SIGSEGV, Segmentation fault", "crash"),
    ("divide", "SIGFPE, Arithmetic exception", "divide"),
    ("trap", "SIGILL, Illegal instruction", "crash"),
    ("abort", "SIGABRT, Aborted", "abort"),
])
def test_a_panic_leaves_a_core_that_gdb_opens(tmp_path, what, signal, function, tender):
    core = tmp_path / "core"
    done = run(core, what, tender)
    assert done.returncode == PANIC, done
    assert re.search(rf"^holm-{tender}: core file {core}, \d+ KB; holm gdb --core opens it$", done.stderr, re.M), done.stderr
    text = opened(core, "bt", "print machine", "info registers rip", "print *(int*)$rsp", "print sizeof($xmm0)", "print sizeof($ymm0)")
    if tender != "qemu" and " avx " in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii"):
        assert re.search(r"^\$\d+ = 32$", text, re.M), text
    assert f"Program terminated with signal {signal}." in text
    assert re.search(rf"^#\d+ .*{function} \(", text, re.M) and re.search(r"^#\d+ .*holm_entry \(", text, re.M), text
    assert re.search(r"^\$\d+ = -?\d+$", text, re.M), text


@needs_gdb
def test_holm_gdb_opens_a_core_and_lists_its_tasks(tmp_path):
    core = tmp_path / "core"
    run(core, "null-write")
    done = subprocess.run([HOLM, "gdb", "--core", core, TASKS, "--", "-batch", "-ex", "bt 2", "-ex", "holm tasks"], capture_output=True,
                          text=True, timeout=120, check=False)
    assert re.search(r"^#1 .*holm::main \(", done.stdout, re.M), done.stdout + done.stderr
    assert re.search(r"^\* main +task runs", done.stdout, re.M), done.stdout


@needs_gdb
@pytest.mark.parametrize("tender", TENDERS)
def test_data_that_nobody_has_touched_is_in_the_core(tmp_path, tender):
    core = tmp_path / "core"
    run(core, "abort", tender)
    text = opened(core, "print/x '(anonymous namespace)::untouched_data'.middle")
    assert "$1 = 0x1d0f" in text, text


@pytest.mark.parametrize("tender", TENDERS)
def test_a_core_takes_no_more_room_than_the_memory_in_use(tmp_path, tender):
    core = tmp_path / "core"
    subprocess.run([BIN / f"holm-{tender}", "--dump", core, "--mem", "4G", TASKS, "--", "abort"], capture_output=True, timeout=120, check=False)
    status = core.stat()
    assert status.st_size > 512 << 20 and status.st_blocks * 512 < 4 << 20


def test_an_end_that_is_no_mistake_leaves_no_core(tmp_path):
    core = tmp_path / "core"
    assert run(core, "exit").returncode == 7
    assert not core.exists()


@needs_gdb
@pytest.mark.parametrize("tender", [*TENDERS, QEMU])
def test_an_old_core_does_not_stay_for_that_of_an_instance_that_ended_well(tmp_path, tender):
    core = tmp_path / "core"
    assert run(core, "abort", tender).returncode == PANIC and core.stat().st_size > 0
    assert run(core, "exit", tender).returncode == 7
    assert not core.exists() or core.stat().st_size == 0


@needs_gdb
@pytest.mark.parametrize("tender", [*TENDERS, QEMU])
@pytest.mark.parametrize("content", [b"notes", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0" + bytes(46)], ids=["text", "program"])
def test_a_file_that_is_no_core_is_kept(tmp_path, tender, content):
    core = tmp_path / "core"
    core.write_bytes(content)
    done = run(core, "abort", tender)
    assert done.returncode == 125 and done.stderr == f"holm-{tender}: --dump {core}: it exists and is no core file\n"
    assert core.read_bytes() == content


def test_a_call_that_the_filter_forbids_leaves_a_core(tmp_path):
    core = tmp_path / "core"
    done = subprocess.run([BIN / "holm-process", "--dump", core, IMAGES / "tests" / "probe", "--", "call", "39"], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == -31 and core.stat().st_size > 0


def test_an_instance_with_many_guard_pages_leaves_a_core(tmp_path):
    """Each parts the heap once more; a stack of every thread has one."""
    core = tmp_path / "core"
    done = subprocess.run([BIN / "holm-process", "--dump", core, "--mem", "16M", IMAGES / "tests" / "probe", "--", "guard-many", "1000"],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -31 and "opens it" in done.stderr, done
    assert core.stat().st_blocks * 512 > 1000 * 4096


@pytest.mark.parametrize("tender", TENDERS)
def test_a_full_disk_is_told(tmp_path, tender):
    core = tmp_path / "core"
    done = run(core, "abort", tender, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))
    assert done.returncode == PANIC
    assert "the core file" in done.stderr and "could not be written: File too large after " in done.stderr
    assert core.stat().st_size == 0


def test_a_place_that_cannot_be_written_is_refused_at_the_start(tmp_path):
    assert run(tmp_path / "missing" / "core", "abort").stderr == f"holm-process: --dump {tmp_path}/missing/core: No such file or directory\n"
    assert run(tmp_path, "abort").returncode == 125


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    return {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run")}


@needs_gdb
@pytest.mark.parametrize("tender, prepared", [("process", None), ("process", "--dump"), pytest.param("vm", "--dump", marks=KVM),
                                              pytest.param("vm", "--gdb", marks=KVM), pytest.param("qemu", "--dump", marks=WITH_QEMU)])
def test_a_running_instance_is_dumped_and_goes_on(tmp_path, environment, tender, prepared):
    core = tmp_path / "core"
    options = {None: [], "--dump": ["--dump", core], "--gdb": ["--gdb", tmp_path / "socket"]}[prepared]
    emulated = ["--accel", "tcg"] if tender == "qemu" else []
    subprocess.run([HOLM, "run", "-d", "--tender", tender, *emulated, *options, TASKS, "--arg", "stop-orderly"], check=True, env=environment, capture_output=True)
    try:
        until(lambda: "waiting" in subprocess.run([HOLM, "logs", "tasks"], env=environment, capture_output=True, text=True, check=False).stdout)
        words = ["tasks"] if prepared == "--dump" else ["tasks", core]
        done = subprocess.run([HOLM, "dump", *words], env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and str(core) in done.stdout, done
        text = opened(core, "bt")
        assert re.search(r"^#\d+ .*holm::Executor::run \(", text, re.M), text
    finally:
        stopped = subprocess.run([HOLM, "stop", "tasks"], env=environment, capture_output=True, text=True, check=False)
    assert stopped.returncode == 0, stopped.stderr

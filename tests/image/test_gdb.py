"""holm gdb: a stock gdb on an instance that stays confined: break, watch, bt, continue, and Holm's own commands."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import pytest

from tests.support import tenders
from tests.support.instance import BIN, IMAGES
from tests.support.waiting import until

HOLM = BIN / "holm"
TASKS = IMAGES / "tests" / "tasks"

pytestmark = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


def without_kvm():
    return not os.access("/dev/kvm", os.R_OK | os.W_OK)


TENDERS = ["process", pytest.param("vm", marks=pytest.mark.skipif(without_kvm(), reason="/dev/kvm cannot be used here"))]
QEMU = pytest.param("qemu", marks=pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86 is not installed"))


def gdb(what, *commands, options=(), folder=None, timeout=120):
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run([HOLM, "gdb", *options, str(what), "--", "-batch", *words], capture_output=True, text=True, timeout=timeout,
                          check=False, env={**os.environ, **({"XDG_RUNTIME_DIR": str(folder)} if folder else {})})
    return done.stdout + done.stderr


@pytest.fixture
def runtime(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path / "run"


@pytest.mark.parametrize("tender", TENDERS)
def test_a_session_break_bt_watch_continue(tender):
    text = gdb(TASKS, "tbreak stop_orderly", "continue", "bt", "watch -location machine.stop_observed_", "continue", "info registers rip",
               "kill", options=["--arg", "stop-orderly", "--tender", tender])
    assert re.search(r"^Temporary breakpoint 1(\.\d+)?, .*stop_orderly \(machine=.*main\.cpp:\d+$", text, re.M), text
    for function in ("holm::main", "holm::Executor::run", "holm_start", "holm_entry"):
        assert re.search(rf"^#\d+ .*{function} \(", text, re.M), text
    # Where a KVM has none in hardware, gdb steps through the program.
    assert re.search(r"^(Hardware w|W)atchpoint 2: -location machine.stop_observed_$", text, re.M), text
    assert re.search(r"Old value = false\nNew value = true\n", text), text
    assert "waiting\n" in text


@pytest.mark.parametrize("tender", [*TENDERS, QEMU])
def test_break_main_stops_before_the_service_runs(tender):
    text = gdb(TASKS, "tbreak main", "continue", "holm tasks", "kill", options=["--arg", "exit", "--tender", tender])
    assert "holm::main (machine=..." in text and "local destroyed" not in text
    assert re.search(r"^\* main +task runs", text, re.M), text


@pytest.mark.parametrize("tender", [*TENDERS, QEMU])
def test_nothing_of_the_service_has_run_at_the_first_prompt(tender):
    text = gdb(TASKS, "info symbol $pc", "bt", "holm tasks", "kill", options=["--arg", "exit", "--tender", tender])
    assert "holm_entry in section .text" in text and re.search(r"^#0 .*holm_entry \(", text, re.M), text
    assert "the executor is not there yet" in text and "local destroyed" not in text, text


def test_a_machine_of_qemu_that_nobody_could_let_go_on_is_refused():
    done = subprocess.run([BIN / "holm-qemu", "--stopped", TASKS], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 125 and "--stopped needs --gdb SOCKET" in done.stderr


def test_the_instance_under_gdb_is_confined():
    text = gdb(TASKS, "info proc status", "kill", options=["--arg", "exit"])
    assert re.search(r"^Seccomp:\s+2$", text, re.M) and re.search(r"^NoNewPrivs:\s+1$", text, re.M), text
    assert re.search(r"^CapEff:\s+0+$", text, re.M), text


@pytest.mark.parametrize("tender", TENDERS)
def test_it_attaches_to_a_running_instance_and_lets_it_go_on(runtime, tender):
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    options = ["--tender", tender, *(["--gdb", runtime / "socket"] if tender == "vm" else [])]
    subprocess.run([HOLM, "run", "-d", *options, TASKS, "--arg", "stop-orderly"], check=True, env=environment, capture_output=True)
    try:
        until(lambda: "waiting" in subprocess.run([HOLM, "logs", "tasks"], env=environment, capture_output=True, text=True, check=False).stdout)
        text = gdb("tasks", "bt", "holm tasks", "holm timers", "detach", folder=runtime)
        assert re.search(r"^#\d+ .*holm::Executor::run \(", text, re.M), text
        assert re.search(r"#0 \(anonymous namespace\)::stop_orderly\(holm::Machine&\) at .*main\.cpp:\d+", text), text
        assert re.search(r"#1 holm::main\(holm::Machine&\) at", text), text
        assert "1 task; the kernel itself runs" in text and "0 timers; devices were last asked at" in text
    finally:
        stopped = subprocess.run([HOLM, "stop", "tasks"], env=environment, capture_output=True, text=True, check=False)
    assert stopped.returncode == 0, stopped.stderr


def test_timers_and_listeners_are_listed():
    text = gdb(TASKS, "break holm::Executor::sleep", "continue", "holm timers", "info holm-timers", "holm connections", "kill",
               options=["--arg", "clocks"])
    assert re.search(r"^  at \d+\.\d{6} s \(\+\d+\.\d{3} ms\)  holm::", text, re.M), text
    assert text.count("1 timer; devices were last asked at") == 2
    assert "the image has not asked for its network" in text


def test_symbols_of_another_build_are_refused(tmp_path):
    shutil.copy(TASKS, tmp_path / "tasks")
    assert "tasks.debug\" is missing" in gdb(tmp_path / "tasks")
    shutil.copy(IMAGES / "hello.debug", tmp_path / "tasks.debug")
    assert "belongs to another build of tasks" in gdb(tmp_path / "tasks")


def test_an_instance_that_cannot_start_says_why():
    assert "the image needs the net device" in gdb(IMAGES / "web")


def test_a_missing_gdb_is_named(tmp_path):
    done = subprocess.run([HOLM, "gdb", TASKS], capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)})
    assert done.returncode == 1 and "apt install gdb" in done.stderr


@pytest.mark.skipif(without_kvm(), reason="/dev/kvm cannot be used here")
def test_registers_of_a_virtual_machine_can_be_changed():
    text = gdb(TASKS, "tbreak main", "continue", "print $rip == &main || 1", "set $xmm3.v2_int64[0] = 77", "stepi", "print $xmm3.v2_int64[0]",
               "set $ymm5.v8_int32[7] = 78", "stepi", "print $ymm5.v8_int32[7]",
               "set $rbx = 0x1234", "print/x $rbx", "print/x $fs_base != 0", "kill", options=["--tender", "vm", "--arg", "exit"])
    assert "= 77" in text and ("= 78" in text or " avx " not in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii")), text
    assert "= 0x1234" in text and "= 0x1\n" in text, text


@pytest.mark.skipif(without_kvm(), reason="/dev/kvm cannot be used here")
def test_a_fault_in_a_virtual_machine_stops_there_first_and_then_panics():
    text = gdb(TASKS, "continue", "bt 1", "continue", options=["--tender", "vm", "--arg", "null-write"])
    assert "Program received signal SIGSEGV" in text and re.search(r"^#0 .*crash \(", text, re.M), text
    assert "cannot write to address 0x0" in text and "exited with code 0206" in text, text  # 134


@pytest.mark.skipif(without_kvm(), reason="/dev/kvm cannot be used here")
def test_a_busy_virtual_machine_can_be_interrupted(tmp_path):
    """As Ctrl-C does it: the byte 3 on the socket."""
    socket_path = tmp_path / "gdb"
    tender = subprocess.Popen([BIN / "holm-vm", "--gdb", socket_path, "--quiet", TASKS, "--", "hog-forever"])
    try:
        # Once, half a second after the machine has been let go on.
        script = ("import gdb, os, signal, threading\n"
                  "def interrupt(event):\n"
                  "    gdb.events.cont.disconnect(interrupt)\n"
                  "    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
                  "gdb.events.cont.connect(interrupt)\n")
        (tmp_path / "interrupt.py").write_text(script)
        until(socket_path.exists, socket_path)
        done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", BIN.parents[1] / "cli" / "gdb" / "holm_gdb.py", "-ex",
                               f"target remote {socket_path}", "-ex", f"holm symbols {TASKS}.debug", "-ex",
                               f"source {tmp_path}/interrupt.py", "-ex", "continue", "-ex", "bt", "-ex", "kill"],
                              capture_output=True, text=True, timeout=120, check=False)
        assert "received signal SIGINT" in done.stdout and re.search(r"^#\d+ .*hog \(", done.stdout, re.M), done.stdout + done.stderr
        assert tender.wait(30) == 137
    finally:
        if tender.poll() is None:
            tender.kill()
            tender.wait()


@pytest.mark.skipif(without_kvm(), reason="/dev/kvm cannot be used here")
def test_noise_at_the_debuggers_socket_ends_nothing(tmp_path):
    socket_path = tmp_path / "gdb"
    tender = subprocess.Popen([BIN / "holm-vm", "--gdb", socket_path, TASKS, "--", "stop-orderly"], stdout=subprocess.DEVNULL)
    try:
        until(socket_path.exists, socket_path)
        assert socket_path.stat().st_mode & 0o077 == 0
        for noise in (b"", b"$#00", b"$" + b"A" * 40000 + b"#00", os.urandom(4000).replace(b"k", b"j"), b"\x03\x03$vCont;c#a8"):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(socket_path))
                peer.sendall(noise)
        time.sleep(0.3)
        assert tender.poll() is None
        tender.terminate()
        assert tender.wait(30) == 3
    finally:
        if tender.poll() is None:
            tender.kill()
            tender.wait()


@pytest.mark.parametrize("machine", (tenders.MICROVM, tenders.Q35), ids=str)
def test_a_machine_of_qemu_lets_a_debugger_in(start, tmp_path, machine):
    """QEMU's own stub, emulated processor: symbols where the image lies, backtrace, breakpoints, tasks."""
    machine.or_skip()
    socket_path = tmp_path / "gdb"
    instance = start("tests/tasks", "--gdb", socket_path, tender=machine, arguments=["clocks"])
    instance.wait_for("now ")
    script = ["target remote", str(socket_path)]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", BIN.parents[1] / "cli" / "gdb" / "holm_gdb.py", "-ex", " ".join(script),
                           "-ex", f"holm symbols {TASKS}.debug", "-ex", "tbreak holm::Executor::idle", "-ex", "continue", "-ex", "bt",
                           "-ex", "holm tasks", "-ex", f"holm core {tmp_path}/core", "-ex", "kill"], capture_output=True, text=True,
                          timeout=120, check=False)
    assert re.search(r"^#\d+ .*holm::Executor::run \(", done.stdout, re.M), done.stdout + done.stderr
    opened = subprocess.run(["gdb", "-q", "-nx", "-batch", f"{TASKS}.debug", tmp_path / "core", "-ex", "bt"], capture_output=True, text=True,
                            timeout=120, check=False)
    assert re.search(r"^#\d+ .*holm_entry \(", opened.stdout, re.M), opened.stdout + opened.stderr
    assert re.search(r"#0 \(anonymous namespace\)::clocks\(holm::Machine&\) at", done.stdout), done.stdout + done.stderr

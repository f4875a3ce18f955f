"""holm gdb: a stock gdb on an instance that stays confined: break, watch, bt, continue, and Holm's own commands."""

import os
import re
import shutil
import subprocess

import pytest

from tests.support.instance import BIN, IMAGES

HOLM = BIN / "holm"
TASKS = IMAGES / "tests" / "tasks"

pytestmark = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


def gdb(what, *commands, options=(), folder=None, timeout=120):
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run([HOLM, "gdb", *options, str(what), "--", "-batch", *words], capture_output=True, text=True, timeout=timeout,
                          check=False, env={**os.environ, **({"XDG_RUNTIME_DIR": str(folder)} if folder else {})})
    return done.stdout + done.stderr


@pytest.fixture
def runtime(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path / "run"


def test_a_session_break_bt_watch_continue():
    text = gdb(TASKS, "tbreak stop_orderly", "continue", "bt", "watch -location machine.stop_observed_", "continue", "info registers rip",
               "kill", options=["--arg", "stop-orderly"])
    assert re.search(r"^Temporary breakpoint 1(\.\d+)?, .*stop_orderly \(machine=.*main\.cpp:\d+$", text, re.M), text
    for function in ("holm::main", "holm::Executor::run", "holm_start", "holm_entry"):
        assert re.search(rf"^#\d+ .*{function} \(", text, re.M), text
    assert "Hardware watchpoint 2: -location machine.stop_observed_" in text
    assert re.search(r"Old value = false\nNew value = true\n", text), text
    assert "waiting\n" in text


def test_break_main_stops_before_the_service_runs():
    text = gdb(TASKS, "tbreak main", "continue", "holm tasks", "kill", options=["--arg", "exit"])
    assert "holm::main (machine=..." in text and "local destroyed" not in text
    assert re.search(r"^\* main +task runs", text, re.M), text


def test_the_instance_under_gdb_is_confined():
    text = gdb(TASKS, "info proc status", "kill", options=["--arg", "exit"])
    assert re.search(r"^Seccomp:\s+2$", text, re.M) and re.search(r"^NoNewPrivs:\s+1$", text, re.M), text
    assert re.search(r"^CapEff:\s+0+$", text, re.M), text


def test_it_attaches_to_a_running_instance_and_lets_it_go_on(runtime):
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    subprocess.run([HOLM, "run", "-d", TASKS, "--arg", "stop-orderly"], check=True, env=environment, capture_output=True)
    try:
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
    assert re.search(r"^  at 0\.\d{6} s \(\+\d+\.\d{3} ms\)  holm::", text, re.M), text
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

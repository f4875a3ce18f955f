"""However holm up ends, nothing is left of its topology."""

import os
import pathlib
import signal
import subprocess

from tests.support.command import HOLM, holm
from tests.support.topology import processes_of, rows, supervisor_of, up
from tests.support.waiting import until


def test_nothing_is_left_of_a_killed_supervisor(project, runtime):
    with up(project, runtime):
        supervisor = supervisor_of(runtime)
        children = pathlib.Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        assert children
        os.kill(supervisor, signal.SIGKILL)
        until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children), "the end of the instances")
        assert "no instance runs" in holm("ps", runtime=runtime).stdout
        # Namespaces that nobody is in or has open are gone (their numbers may be somebody else's by now).
        until(lambda: not processes_of(runtime), "the end of all processes")
        assert not list((runtime / "holm").glob("*.topology"))
        assert {file.suffix for file in (runtime / "holm").iterdir()} == {".log"}
        assert "its logs are removed" in holm("down", project, runtime=runtime).stdout
        assert "no topology is up" in holm("down", runtime=runtime).stderr


def test_of_two_at_once_one_brings_it_up(project, runtime):
    """The other is told so; what is up can be found and brought down, and leaves nothing."""
    command = ["timeout", "120", HOLM, "up", "-d", project]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    said = [one.communicate() for one in both]
    try:
        assert sorted(one.returncode for one in both) == [0, 1], said
        why = next(err for one, (_, err) in zip(both, said, strict=True) if one.returncode == 1)
        assert "is being brought up" in why or "is up already" in why
        assert set(rows(runtime)) == {"web", "echo"}
    finally:
        assert "is down" in holm("down", project, runtime=runtime, timeout=60).stdout
    assert {file.suffix for file in (runtime / "holm").iterdir()} <= {".log"}


def test_nothing_comes_up_for_a_caller_that_is_gone(project, runtime):
    file = project / "holm.compose.toml"
    file.write_text(file.read_text().replace("{ http = 80 }", "{ tcp = 81, timeout = \"100s\" }"))
    with subprocess.Popen([HOLM, "up", "-d", project], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}) as caller:
        try:
            until(lambda: list((runtime / "holm").glob("*.topology")), "the supervisor")
        finally:
            caller.kill()
    until(lambda: not processes_of(runtime), "the end of all processes")
    assert "no instance runs" in holm("ps", runtime=runtime).stdout
    assert {file.suffix for file in (runtime / "holm").iterdir()} <= {".log"}


def test_in_the_foreground_until_ctrl_c(project, runtime):
    with subprocess.Popen(["timeout", "--foreground", "120", HOLM, "up", project], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}) as running:
        said = ""
        while "holm ps lists it" not in said:
            line = running.stdout.readline()
            assert line, said
            said += line
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        assert running.wait(60) == 0
        # web depends on echo, so it goes first
        assert rest.index("web: ended (0)") < rest.index("echo: ended (0)")


def test_a_second_ctrl_c_ends_it_at_once(project, runtime):
    """Also what does not stop by itself: here two tenders that are held."""
    file = project / "holm.compose.toml"
    file.write_text(file.read_text().replace('restart = "on-failure"', 'stop_grace_period = "100s"'))
    with subprocess.Popen([HOLM, "up", project], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}) as running:
        until(lambda: "holm ps lists it" in running.stdout.readline(), "its being up")
        for record in (runtime / "holm").glob("*.instance"):
            os.kill(int(dict(line.split("=", 1) for line in record.read_text().splitlines())["tender"]), signal.SIGSTOP)
        running.send_signal(signal.SIGINT)
        until(lambda: rows(runtime)["web"][1] == "stopping", "the first stop")
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
        assert running.wait(60) == 0
    assert "all are killed" in said and "web: ended (137)" in said and "echo: ended (137)" in said
    until(lambda: not processes_of(runtime), "the end of all processes")
    assert {file.suffix for file in (runtime / "holm").iterdir()} <= {".log"}


def test_closed_standard_descriptors_are_nobody_elses(project, runtime):
    """sh's >&-: the first descriptor that is opened would be standard output."""
    started = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", HOLM, "up", "-d", project], timeout=120, check=False,
                             env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
    try:
        assert started.returncode == 0
        assert {name: state for name, (_, state) in rows(runtime).items()} == {"echo": "ready", "web": "ready"}
    finally:
        assert "is down" in holm("down", project, runtime=runtime, timeout=60).stdout
    assert not list((runtime / "holm").iterdir())


def test_a_supervisor_that_hangs_keeps_nobody_waiting(project, runtime):
    with up(project, runtime):
        supervisor = supervisor_of(runtime)
        os.kill(supervisor, signal.SIGSTOP)
        try:
            listed = holm("ps", runtime=runtime, timeout=100)
            assert listed.returncode == 0 and "does not answer within 5 s" in listed.stderr
        finally:
            os.kill(supervisor, signal.SIGCONT)

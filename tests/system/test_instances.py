"""holm run, ps, logs and stop: instances, their records and their logs."""

import os
import subprocess
import time

import pytest

from tests.support.command import HOLM, free_port, holm, need, passt_or_skip
from tests.support.instance import IMAGES
from tests.support.waiting import until


def test_hello_runs_with_its_own_exit_status_and_leaves_no_record(runtime):
    need("hello")
    result = holm("run", "hello", "--quiet", runtime=runtime)
    assert result.returncode == 0 and "hello" in result.stdout and not result.stderr
    assert list((runtime / "holm").iterdir()) == []


def test_a_detached_instance_is_listed_answers_and_stops(runtime):
    need("web")
    passt_or_skip()
    port = free_port()
    started = holm("run", "web", "-d", "-p", f"{port}:80", runtime=runtime)
    assert started.returncode == 0, started.stderr
    try:
        number = started.stdout.split()[3].rstrip(";")
        listed = holm("ps", runtime=runtime).stdout
        assert number in listed and f"127.0.0.1:{port} -> 80/tcp" in listed
        page = f"http://127.0.0.1:{port}/healthz"  # the image may be quicker than passt, which does not listen yet
        until(lambda: subprocess.run(["curl", "-sf", "--max-time", "10", page], capture_output=True, check=False).returncode == 0, page)
        taken = holm("run", "web", "-p", f"{port}:80", runtime=runtime)
        assert taken.returncode == 125 and f"TCP port {port} of 127.0.0.1 is in use" in taken.stderr
        assert "listening" in holm("logs", "web", runtime=runtime).stdout
    finally:
        stopped = holm("stop", "web", runtime=runtime)
    assert stopped.returncode == 0 and "has ended" in stopped.stdout
    assert "no instance runs" in holm("ps", runtime=runtime).stdout
    assert "listening" in holm("logs", "web", runtime=runtime).stdout


def test_a_log_that_was_too_long_is_shown_with_the_part_before_it(runtime):
    folder = runtime / "holm"
    folder.mkdir(mode=0o700)
    (folder / "web-1.log.1").write_text("earlier\n")
    (folder / "web-1.log").write_text("later\n")
    assert holm("logs", "web", runtime=runtime).stdout == "earlier\nlater\n"


def test_the_log_of_a_detached_instance_ends_with_it_and_lies_in_one_file(runtime):
    need("hello")
    (runtime / "holm").mkdir(mode=0o700)
    (runtime / "holm" / "hello-1.log.1").write_text("of an earlier one\n")
    assert holm("run", "hello", "-d", runtime=runtime).returncode == 0
    deadline = time.monotonic() + 60
    while "hello from" not in holm("logs", "hello", runtime=runtime).stdout and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "earlier" not in holm("logs", "hello", runtime=runtime).stdout
    log = runtime / "holm" / "hello-1.log"
    assert "hello from" in log.read_text() and log.stat().st_mode & 0o777 == 0o600
    # Nobody is left that holds the folder's files or the pipe.
    while time.monotonic() < deadline:
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid())
                and f"XDG_RUNTIME_DIR={runtime}".encode() in environment_of(pid)]
        if not left:
            break
        time.sleep(0.05)
    assert not left


def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_a_record_of_a_process_that_is_gone_is_removed(runtime):
    folder = runtime / "holm"
    folder.mkdir(mode=0o700)
    gone = subprocess.Popen(["true"])
    gone.wait()
    record = folder / f"{gone.pid}.instance"
    record.write_text(f"name=web\nsupervisor={gone.pid}\nstart_ticks=1\ntender={gone.pid}\nstarted=1\nimage=/x\nports=\nlog=\n")
    assert "no instance runs" in holm("ps", runtime=runtime).stdout
    assert not record.exists()


def test_a_process_that_has_ended_does_not_run_although_nobody_has_asked_for_its_status(runtime):
    folder = runtime / "holm"
    folder.mkdir(mode=0o700)
    zombie = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{zombie.pid}/stat") as file:
            ticks = file.read().rpartition(")")[2].split()[19]
        (folder / f"{zombie.pid}.instance").write_text(f"name=web\nsupervisor={zombie.pid}\nstart_ticks={ticks}\ntender={zombie.pid}\n")
        (folder / "poc.topology").write_text(f"name=poc\nsupervisor={zombie.pid}\nstart_ticks={ticks}\nfile=/x\nservice=web\n")
        assert "no topology is up" in holm("down", runtime=runtime).stderr
        assert "no instance runs" in holm("ps", runtime=runtime).stdout
        assert not list(folder.iterdir())
    finally:
        zombie.wait()


def test_a_runtime_folder_that_others_can_write_to_is_refused(runtime):
    (runtime / "holm").mkdir()
    os.chmod(runtime / "holm", 0o777)
    result = holm("ps", runtime=runtime)
    assert result.returncode == 1 and "only you can write to" in result.stderr


def test_an_instance_does_not_outlive_its_holm_run(runtime):
    need("web")
    passt_or_skip()
    process = subprocess.Popen([str(HOLM), "run", "web", "-p", f"{free_port()}:80"], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
    assert "listening" in process.stdout.readline()
    path = runtime / "holm" / f"{process.pid}.instance"
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:  # it is written while the instance starts
        time.sleep(0.01)
    record = path.read_text()
    tender = int(dict(line.split("=", 1) for line in record.splitlines())["tender"])
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while os.path.exists(f"/proc/{tender}/exe") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{tender}/exe")


@pytest.mark.parametrize("detached", [[], ["-d"]])
def test_a_device_that_is_not_granted_is_missed_before_the_start(detached, runtime):
    need("web")
    refused = holm("run", *detached, IMAGES / "web", runtime=runtime)
    assert refused.returncode == 125 and not refused.stdout
    assert refused.stderr == 'holm: "web" needs its network device lan: -p HOST:GUEST leads a port of this machine to it, --net lan=tapX grants it a tap\n'


def test_what_could_not_be_found_again_is_not_started(runtime):
    """A detached instance without room for its record."""
    need("hello")
    if os.geteuid() != 0:
        pytest.skip("a full file system of the test's own needs root")
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=4k,mode=700 none "$1" && echo > "$1/full" && shift && exec "$@"', "sh",
               str(runtime), str(HOLM), "run", "-d", str(IMAGES / "hello")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL, check=False,
                            env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
    assert result.returncode == 125 and "cannot be written: No space left on device" in result.stderr

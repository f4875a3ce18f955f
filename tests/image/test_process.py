"""A running instance, seen from outside: its address space, its rights, its signals."""

import os
import pathlib
import signal
import subprocess
import time

from tests.image import probe


def waiting(start, *options, **named):
    instance = start(probe.PROBE, *options, arguments=["wait"], **named)
    instance.wait_for("ready")
    return instance, probe.facts(instance.output())


def proc(instance, name):
    return pathlib.Path(f"/proc/{instance.pid}/{name}").read_text()


def status_of(instance):
    return dict(line.split(":\t", 1) for line in proc(instance, "status").splitlines() if ":\t" in line)


def test_nothing_is_mapped_but_image_stacks_heap_and_gate(start):
    instance, facts = waiting(start)
    kinds = []
    for line in proc(instance, "maps").splitlines():
        addresses, permissions, *_ = line.split()
        low, high = (int(number, 16) for number in addresses.split("-"))
        assert not ("w" in permissions and "x" in permissions), line
        if facts["base"] <= low and high <= facts["base"] + facts["size"]:
            assert line.endswith("/probe") or permissions == "rw-p", line
            kinds.append("image")
        elif low == facts["heap"]:
            assert high == facts["heap"] + facts["heap-size"] and permissions == "rw-p"
            kinds.append("heap")
        elif low == facts["stack-low"]:
            assert permissions == "rw-p" and high - low < facts["stack-size"] + 0x5000
            kinds.append("stack")
        elif low == facts["gate"]:
            assert high - low == 4096 and permissions == "r-xp"
            kinds.append("gate")
        elif line.endswith("[vsyscall]"):
            continue  # the kernel's own page above the user's half; its calls pass through the filter
        else:
            assert facts["base"] < low < facts["stack-low"] and high - low == 64 * 1024 and permissions == "rw-p", line
            kinds.append("alternate stack")
    assert kinds == ["image"] * kinds.count("image") + ["alternate stack", "stack", "heap", "gate"]


def test_all_rights_are_gone(start):
    instance, _ = waiting(start)
    status = status_of(instance)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[capabilities], 16) == 0, capabilities
    assert os.listdir(f"/proc/{instance.pid}/fd") == ["1"]
    limits = proc(instance, "limits")
    for name, most in (("Max open files", 2), ("Max processes", 0), ("Max core file size", 0)):
        line = next(line for line in limits.splitlines() if line.startswith(name))
        assert line[len(name):].split()[:2] == [str(most), str(most)]


def test_the_process_bears_the_images_name_and_sleeps_precisely(start):
    instance, _ = waiting(start, "--env", "A=b")
    assert proc(instance, "comm") == "probe\n"
    assert proc(instance, "cmdline") == "probe\0wait\0"
    assert proc(instance, "environ") == "A=b\0"
    assert proc(instance, "timerslack_ns") == "1\n"


def test_sigterm_is_a_stop_request(start):
    instance, _ = waiting(start)
    assert instance.stop() == 0
    assert instance.output().endswith("stop\n")


def test_sigterm_arrives_though_the_parent_had_it_blocked(start):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        instance, _ = waiting(start)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    assert instance.stop() == 0


def test_a_stopped_and_continued_instance_goes_on_waiting(start):
    instance, _ = waiting(start)
    for _ in range(3):
        os.kill(instance.pid, signal.SIGSTOP)
        time.sleep(0.02)
        os.kill(instance.pid, signal.SIGCONT)
        time.sleep(0.02)
    assert instance.alive()
    assert instance.stop() == 0


def test_a_traced_instance_stops_orderly_too(start):
    instance, _ = waiting(start, "--trace-syscalls")
    assert instance.stop() == 0
    assert "rt_sigreturn" in instance.output()


def test_no_stop_request_is_lost_however_early():
    """Before the tender is ready, SIGTERM ends it; from then on the image stops orderly."""
    outcomes = set()
    delays = [step * 10e-6 for step in range(150)]
    while delays:
        delay = delays.pop(0)
        process = subprocess.Popen([probe.TENDER, probe.PROBE, "--", "wait"], stdout=subprocess.DEVNULL)
        at = time.perf_counter() + delay
        while time.perf_counter() < at:
            pass
        process.send_signal(signal.SIGTERM)
        outcomes.add(process.wait(60))
        if not delays and 0 not in outcomes and delay < 10:
            delays.append(delay * 2)  # on a busy machine no tender was ready so soon
    assert outcomes <= {0, -signal.SIGTERM}
    assert 0 in outcomes

"""The library OS at work: start and end, panics, watchdog, stop requests (tests/image/images/tasks and plain)."""

import functools
import re
import signal
import time

import pytest

PANIC = 134  # 128 + SIGABRT
STOPPED = 143  # 128 + SIGTERM
PATIENCE = 300  # s; the watchdog counts processor time, of which a busy machine gives little


@pytest.fixture
def start(start, every_tender):
    """All of it on every tender: the image is the same file."""
    return functools.partial(start, tender=every_tender)


def run(start, what, image="tests/tasks", *options):
    instance = start(image, *options, arguments=[what])
    return instance.wait(PATIENCE), instance.output()


@pytest.mark.parametrize("what, sentence, detail", [
    ("null-read", "cannot read address 0x8", "a null pointer"),
    ("null-write", "cannot write to address 0x0", "a null pointer"),
    ("null-call", "cannot execute address 0x0", "a null pointer"),
    ("wild", "cannot write to address 0x123456789000", "nothing is mapped there"),
    ("not-canonical", "cannot read an address", "never set"),
    ("write-constant", "cannot write to address", "constant data"),
    ("write-code", "cannot write to address", "the address is code"),
    ("run-data", "cannot execute address", "not code"),
    ("stack", "cannot write to address", "the stack is full"),
    ("divide", "an integer division by zero", ""),
    ("trap", "made to stop the program", ""),
    ("bounds", "made to stop the program", "a library assertion"),
    ("abort", "the service called abort()", ""),
    ("smash", "stack smashing detected", ""),
    ("throw", "an exception was not caught", "\n           std::runtime_error: nobody catches this\n"),
    ("throw-task", "an exception was not caught", "\n           std::runtime_error: from a task\n"),
    ("throw-own", "an exception was not caught", "\n           (anonymous namespace)::Shipwreck<int>\n"),
])
def test_panic_tells_what_and_where(start, what, sentence, detail):
    status, output = run(start, what)
    assert status == PANIC, output
    assert output.count("---- holm: panic ----") == 1
    assert re.search(rf"^what +.*{re.escape(sentence)}", output, re.M), output
    assert detail in output
    assert re.search(r"^image +tasks, build [0-9a-f]{16}, after \d+\.\d{6} s$", output, re.M), output
    assert re.search(r"^where\n  [0-9a-f]{12}", output, re.M), output
    if what not in ("stack", "smash"):  # there the chain of frames is too long, or broken
        assert re.search(r"^  [0-9a-f]{12}  holm::Executor::run\+0x", output, re.M), output
    assert re.search(r"^memory +\d+ KB of \d+ KB in use", output, re.M), output
    assert re.search(r"^running +main\ntasks\n  main$", output, re.M), output


def test_panic_shows_who_awaits_the_running_task_and_where_the_others_wait(start):
    status, output = run(start, "deep")
    assert status == PANIC, output
    awaiting = re.search(r"(?m)^awaited by\n((?:  .*\n)+)", output)[1]
    names = re.findall(r"(?m)^  [0-9a-f]{12}  (\S+) \[resume\]$", awaiting)
    assert names == ["middle", "outer", "holm::main", "holm::run_main"], output
    assert re.search(r"(?m)^  [0-9a-f]{12}  inner \[resume\]\+0x", output), output
    assert re.search(r"(?m)^  sleeper \(3\), in [0-9a-f]{12}  sleep_long \[resume\]$", output), output
    assert re.search(r"(?m)^  main$", output), output


@pytest.mark.parametrize("what, detail", [("stack", "the fiber's stack is full"), ("thread-stack", "a full stack")])
def test_every_stack_has_a_guard(start, what, detail):
    status, output = run(start, what, "tests/plain")
    assert status == PANIC, output
    assert detail in output


def test_panic_while_panicking_ends_too(start):
    status, output = run(start, "double-panic")
    assert status == PANIC
    assert "the service called abort()" in output
    assert "another panic while the first was being reported" in output


def test_uncaught_exception_in_plain_main(start):
    status, output = run(start, "throw", "tests/plain")
    assert status == PANIC
    assert "an exception was not caught" in output and "\n           int\n" in output, output


def test_orderly_end_runs_destructors_and_handlers_and_keeps_the_last_line(start):
    assert run(start, "exit") == (7, "local destroyed\nat exitglobal destroyed\n")
    assert run(start, "exit-now") == (9, "last wordsglobal destroyed\n")
    assert run(start, "return", "tests/plain") == (5, "")
    assert run(start, "exit", "tests/plain") == (6, "no newline at the end")
    assert run(start, "sleep", "tests/plain") == (0, "slept\n")


def test_exceptions_cross_tasks(start):
    assert run(start, "catch") == (0, "caught: from a task\nglobal destroyed\n")


def test_arguments_and_environment(start):
    instance = start("tests/tasks", "--env", "COLOUR=blue", arguments=["environment", "x"])
    assert instance.wait() == 0
    assert "colour blue, arguments 3\n" in instance.output()


def test_random_numbers_differ_between_starts(start):
    numbers = {run(start, "random")[1] for _ in range(5)}
    assert len(numbers) == 5


def test_clock_keeps_time(start, every_tender):
    before = time.time_ns()
    status, output = run(start, "clocks")
    after = time.time_ns()
    assert status == 0
    times = [(int(now), int(wall), int(then)) for now, wall, then in re.findall(r"^now (\d+) wall (\d+) now (\d+)$", output, re.M)]
    assert len(times) == 4
    for (now, wall, then), (next_now, next_wall, next_then) in zip(times, times[1:]):
        assert 300_000_000 <= next_now - then
        # The wall clock was read between the two others, which may lie apart where others have the processor meanwhile.
        assert next_now - then - 1_000_000 < next_wall - wall < next_then - now + 1_000_000
    # A PC's real-time clock counts seconds.
    tolerance = 1_500_000_000 if every_tender.program == "holm-qemu" else 1_000_000
    assert before - tolerance <= times[0][1] and times[-1][1] <= after + tolerance


def test_watchdog_reports_a_hogged_core_once(start):
    status, output = run(start, "hog")
    assert status == 0, output
    assert output.count("---- holm: the core is hogged ----") == 1
    assert "running    main" in output and "hog+0x" in output
    assert "done hogging" in output


def test_watchdog_is_silent_about_a_lonely_computation(start):
    assert run(start, "compute", "tests/plain") == (0, "")


def test_quiet_watchdog(start):
    status, output = run(start, "hog", "tests/tasks", "--quiet")
    assert (status, output) == (0, "done hogging\nglobal destroyed\n")


def test_stop_request_reaches_the_service(start):
    instance = start("tests/tasks", arguments=["stop-orderly"])
    instance.wait_for("waiting\n")
    assert instance.stop() == 3
    assert instance.output() == "waiting\nstopping\nstopped\nglobal destroyed\n"


def test_service_that_is_too_slow_to_stop_is_ended(start):
    instance = start("tests/tasks", "--grace", "300", arguments=["stop-too-slow"])
    instance.wait_for("waiting\n")
    begin = time.monotonic()
    assert instance.stop() == STOPPED
    assert 0.25 < time.monotonic() - begin
    assert "taking my time\n" in instance.output()


def test_service_that_ignores_stop_requests_ends_at_once(start):
    instance = start("tests/tasks", "--grace", "600000", arguments=["ignore-stop"])
    instance.wait_for("ready\n")
    assert instance.stop() == STOPPED
    assert instance.output() == "ready\nwaiting"


def test_hogging_service_cannot_keep_from_stopping(start):
    instance = start("tests/tasks", "--grace", "1000", arguments=["hog-forever"])
    instance.wait_for("hogging\n")
    instance.process.send_signal(signal.SIGTERM)
    assert instance.wait(PATIENCE) == STOPPED
    assert "could not be delivered" in instance.output()


@pytest.mark.alone
def test_speed_of_the_clock_and_of_yielding(start, every_tender):
    """SPECIFICATION.md: 30 ns and 0.3 us; a shared machine gets three times as much and a few attempts."""
    if every_tender.program == "holm-qemu":
        pytest.skip("an emulated processor says nothing about speed")
    for _ in range(5):
        status, output = run(start, "bench")
        assert status == 0
        figures = {name: int(ns) for name, ns in re.findall(r"^(.+): (\d+) ns$", output, re.M)}
        if figures["clock read"] <= 90 and figures["yield"] <= 900:
            return
    pytest.fail(f"too slow: {figures}")

"""What becomes of programs that go wrong (tests/image/images/misuse)."""

import functools

import pytest

PANICS = {
    "free-twice": "free() of memory that is free already",
    "free-of-nothing": "free() of an address that is no allocation",
    "free-of-the-middle": "free() of an address that is no allocation",
    "write-after-free": "memory was written to after free()",
    "abort": "the service called abort()",
    "exhaust": "bad_alloc",
}


@pytest.fixture
def start(start, every_tender):
    """All of it on every tender: the image is the same file."""
    return functools.partial(start, tender=every_tender)


@pytest.mark.parametrize("way", PANICS)
def test_a_panic_says_what_went_wrong(start, way):
    instance = start("tests/misuse", arguments=[way])
    assert instance.wait() == 134, instance.output()
    assert "holm: panic" in instance.output()
    assert PANICS[way] in instance.output()


def test_a_thread_that_runs_out_of_stack_hits_its_guard_page(start):
    instance = start("tests/misuse", arguments=["stack-of-a-thread"])
    assert instance.wait() == 134, instance.output()
    assert "holm: panic" in instance.output()


def test_no_memory_for_another_thread_is_an_error(start):
    instance = start("tests/misuse", arguments=["exhaust-threads"])
    assert instance.wait() == 0, instance.output()
    assert "Resource temporarily unavailable" in instance.output()
    assert "a smaller stack\nas many mappings as there were stacks" in instance.output()


def test_threads_may_outlive_main(start):
    instance = start("tests/misuse", arguments=["outlive-main"])
    assert instance.wait() == 0, instance.output()
    assert "the other thread goes on" in instance.output()


def test_the_exit_status_is_the_programs(start):
    assert start("tests/misuse", arguments=["exit"]).wait() == 7


def test_a_task_must_not_block(start):
    instance = start("tests/blocking-task")
    assert instance.wait() == 134, instance.output()
    assert "a blocking call in a task" in instance.output()
    assert "sleep" in instance.output()

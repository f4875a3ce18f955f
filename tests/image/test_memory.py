"""What an instance finds in its memory, and what it may not do with it."""

import pytest

from tests.image import probe

SIGSEGV = 11


def test_relocations_zeroed_data_and_heap_are_right():
    done = probe.run("report")
    assert done.returncode == 0, done.stderr
    assert probe.facts(done.stdout)["wrong"] == 0


def test_each_start_has_another_base_gate_and_seed():
    runs = [probe.facts(probe.run("report").stdout) for _ in range(12)]
    for name in ("base", "gate", "heap", "seed"):
        assert len({facts[name] for facts in runs}) == len(runs), name
    # The gate's place says nothing about the image's.
    assert len({facts["gate"] - facts["base"] for facts in runs}) == len(runs)


@pytest.mark.parametrize("what", ["write-text", "write-rodata", "write-relro", "write-gate"])
def test_what_is_not_data_is_not_writable(what):
    fault(probe.run(what))


@pytest.mark.parametrize("what", ["execute-rodata", "execute-data", "execute-heap", "execute-stack"])
def test_what_is_not_text_is_not_executable(what):
    fault(probe.run(what))


@pytest.mark.parametrize("address", [0, 8, 4095, 65535])
def test_the_pages_around_address_zero_are_unmapped(address):
    assert fault(probe.run("touch-null", address))["address"] == address


def test_the_page_below_the_stack_is_unmapped():
    done = probe.run("touch-below-stack")
    assert fault(done)["address"] % 4096 == 4095


def test_the_pages_around_the_heap_are_unmapped():
    assert fault(probe.run("touch-before-heap"))["address"] % 4096 == 4095
    assert fault(probe.run("touch-after-heap"))["address"] % 4096 == 0


def test_a_stack_overflow_is_reported_on_the_alternate_stack():
    assert fault(probe.run("overflow-stack"))["on-alternate-stack"] == 1


def test_a_guard_page_can_be_made():
    done = probe.run("guard")
    assert probe.facts(done.stdout)["result"] == 0
    fault(done)


def test_the_image_is_sealed():
    """mprotect(PROT_NONE) is permitted, but not on the image: EPERM on kernels with mseal."""
    result = probe.facts(probe.run("protect-sealed").stdout)
    if result.get("result") == 0 or "result" not in result:
        pytest.skip("this kernel has no mseal")
    assert result["result"] == 2**64 - 1


def fault(done):
    assert done.returncode == probe.FAULT, done
    facts = probe.facts(done.stdout)
    assert facts["fault"] == SIGSEGV
    return facts

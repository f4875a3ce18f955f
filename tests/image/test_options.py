"""The command line of holm-process: what reaches the image, and one clear sentence for each mistake."""

import subprocess

import pytest

from tests.image import probe


def refusal(*options, **named):
    done = probe.run("report", options=options, **named)
    assert done.returncode == probe.REFUSED, done
    assert done.stdout == ""
    assert done.stderr.startswith("holm-process: ") and done.stderr.count("\n") == 1
    return done.stderr.removeprefix("holm-process: ").removesuffix("\n")


def test_arguments_and_environment_arrive():
    done = probe.run("report", "last", "", options=["--env", "A=b", "--env=LONG=" + "x" * 100_000])
    assert done.stdout.splitlines()[:4] == ["argument probe", "argument report", "argument last", "argument "]
    assert "environment A=b\n" in done.stdout
    assert "environment LONG=" + "x" * 100_000 + "\n" in done.stdout


def test_memory_is_exactly_what_was_granted():
    for size in (1 << 20, 5 << 20, 1 << 40):
        done = probe.run("report", options=["--mem", size])
        facts = probe.facts(done.stdout)
        assert facts["heap-size"] == size and facts["wrong"] == 0
    assert probe.facts(probe.run("report").stdout)["heap-size"] == 4 << 20  # the manifest's default


def test_too_little_memory_is_told():
    sentence = refusal("--mem", "64K")
    assert sentence.endswith("--mem grants 65536 bytes of heap; the image needs at least 1048576")


def test_memory_that_the_host_refuses_is_told():
    command = f"ulimit -v 65536; exec {probe.TENDER} --mem 1G {probe.PROBE} -- report"
    done = subprocess.run(command, shell=True, check=False, capture_output=True, text=True)
    assert done.returncode == probe.REFUSED
    assert done.stderr == "holm-process: cannot map 1073741824 bytes for the heap (--mem): Out of memory\n"


def test_flags_and_grace_arrive():
    facts = probe.facts(probe.run("report", options=["--quiet", "--grace", "1500"]).stdout)
    assert facts["flags"] == 1 and facts["grace-ms"] == 1500


def test_the_status_is_the_images():
    for status in (0, 1, 42, 255):
        assert probe.run("exit", status).returncode == status


def test_the_clock_is_told_with_its_error():
    facts = probe.facts(probe.run("report").stdout)
    assert 0 < facts["tsc-error-ppm"] < 100_000
    again = [probe.facts(probe.run("report").stdout) for _ in range(8)]
    for one in again:
        for other in again:
            apart = abs(one["tsc-hz"] - other["tsc-hz"]) / other["tsc-hz"] * 1e6
            assert apart <= one["tsc-error-ppm"] + other["tsc-error-ppm"]


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--wat"], "unknown option --wat; try holm-process --help"),
        (["--mem", "10"], "--mem '10' is no size; allowed: a multiple of 4K up to 1T, such as 64M"),
        (["--block", "data=x"], "--block data: the image has no block device of that name; it declares disk (block), lan (net)"),
        (["--net", "wan=tap0"], "--net wan: the image has no network device of that name; it declares disk (block), lan (net)"),
        (["--net", "lan=tap0", "--net", "lan=tap1"], "--net lan: the device is granted twice"),
        (["--net", "lan=no-such-tap"], "device lan: interface no-such-tap does not exist; "
         "`ip tuntap add NAME mode tap vnet_hdr` makes one"),
        (["--net", "lan=fd:77"], "device lan: its descriptor is not open"),
        (["--net", "lan=stream:77"], "device lan: its descriptor is not open"),
    ],
)
def test_mistakes(options, sentence):
    assert refusal(*options).endswith(sentence)


def test_help_is_printed():
    done = subprocess.run([probe.TENDER, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("usage: holm-process")
    full = subprocess.run(f"{probe.TENDER} --help > /dev/full", shell=True, check=False)
    assert full.returncode == 1

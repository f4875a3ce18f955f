"""The vm tender around its guests: what it refuses, what it gives away, what a running one looks like from outside."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from tests.support.instance import BIN, IMAGES

HELLO = IMAGES / "hello"
HOSTILE = IMAGES / "tests" / "hostile"
TENDER = BIN / "holm-vm"
REFUSED = 125
ROOT = os.geteuid() == 0
TASK = pathlib.Path("/proc")


@pytest.fixture(autouse=True, scope="module")
def machine():
    for needed in (TENDER, HELLO, HOSTILE):
        if not needed.exists():
            pytest.skip(f"{needed} is not built")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("/dev/kvm is missing, or not permitted")


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def waiting():
    """waiting(*options, image=...): a running image that waits for its end; the test may ask for it."""
    running = []

    def begin(*options, image=HOSTILE, what="ready"):
        process = subprocess.Popen([str(TENDER), *map(str, options), str(image), "--", what], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_one_file_for_both_tenders():
    outputs = [run(BIN / tender, "--quiet", HELLO) for tender in ("holm-process", "holm-vm")]
    assert [done.returncode for done in outputs] == [0, 0]
    assert outputs[0].stdout == outputs[1].stdout == "hello from hello\n"


@pytest.mark.parametrize("memory", ["1M", "2M", "16M", "3G", "8G"])
def test_a_heap_of_any_size(memory):
    done = run(TENDER, "--mem", memory, HELLO)
    assert (done.returncode, done.stdout) == (0, "hello from hello\n"), done


def test_too_little_memory_is_told():
    done = run(TENDER, "--mem", "64K", HELLO)
    assert done.returncode == REFUSED
    assert done.stderr.endswith("--mem grants 65536 bytes of heap; the image needs at least 1048576\n")


def test_an_image_without_the_platform_is_refused():
    probe = IMAGES / "tests" / "probe"
    if not probe.exists():
        pytest.skip("the probe is not built")
    done = run(TENDER, probe, "--", "report")
    assert done.returncode == REFUSED
    assert done.stderr == f"holm-vm: {probe}: the image was built without the platform \"vm\" (holm.toml: platforms)\n"


def test_a_platform_that_is_left_out_takes_no_room():
    narrow = IMAGES / "tests" / "narrow"
    if not narrow.exists():
        pytest.skip("build/images/tests/narrow is not built")
    assert run(BIN / "holm-process", narrow).stdout == "hello from narrow\n"
    refused = run(TENDER, narrow)
    assert refused.returncode == REFUSED and 'without the platform "vm"' in refused.stderr
    assert narrow.stat().st_size <= HELLO.stat().st_size - (16 << 10)
    names = run("llvm-nm-19", "-C", f"{narrow}.debug").stdout
    assert "holm::platform::ProcessPlatform::" in names
    assert "holm::platform::VmPlatform::" not in names


@pytest.mark.skipif(not ROOT, reason="a mount namespace needs root")
@pytest.mark.parametrize("mount, sentence", [
    ("mount -t tmpfs none /dev", "this machine has no KVM (/dev/kvm); use --tender process"),
    ("mount --bind /dev/null /dev/kvm", "this KVM speaks another interface; use --tender process"),
])
def test_without_kvm_one_sentence_says_so(mount, sentence):
    done = run("unshare", "-m", "sh", "-c", f"{mount} && exec {TENDER} {HELLO}")
    assert (done.returncode, done.stdout, done.stderr) == (REFUSED, "", f"holm-vm: {sentence}\n")


@pytest.mark.skipif(not ROOT, reason="becoming somebody else needs root")
def test_without_permission_one_sentence_says_so(tmp_path):
    if os.stat("/dev/kvm").st_mode & 0o006:
        pytest.skip("everybody may use /dev/kvm here")
    for part in (tmp_path, *tmp_path.parents):
        if part == pathlib.Path(tempfile.gettempdir()):
            break
        part.chmod(0o755)
    image, tender = shutil.copy(HELLO, tmp_path), shutil.copy(TENDER, tmp_path)
    done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", tender, image)
    assert done.returncode == REFUSED
    assert done.stderr == "holm-vm: no permission for /dev/kvm (its group is usually kvm); use --tender process\n"


def test_too_many_machines_are_told():
    """As many as the process may have descriptors for: one less than it needs."""
    done = run("prlimit", "--nofile=5:5", TENDER, HELLO)
    assert done.returncode == REFUSED and done.stdout == ""
    assert re.fullmatch(r"holm-vm: KVM cannot make another virtual machine: .*; use --tender process\n", done.stderr)


def test_an_orderly_stop(waiting):
    process = waiting()
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=120) == ("stopped\n", "")
    assert process.returncode == 0


def test_a_running_instance_is_confined(waiting):
    process = waiting()
    status = dict(line.split(":\t", 1) for line in (TASK / f"{process.pid}/status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapEff"], 16) == 0
    descriptors = {int(path.name): os.readlink(path) for path in (TASK / f"{process.pid}/fd").iterdir()}
    assert set(descriptors) >= {1, 2} and len(descriptors) == 3
    assert [name for number, name in descriptors.items() if number > 2] == ["anon_inode:kvm-vcpu:0"]
    for mapping in (TASK / f"{process.pid}/maps").read_text().splitlines():
        rights = mapping.split()[1]
        assert not ("w" in rights and "x" in rights), mapping
        if str(HOSTILE) in mapping:
            assert "x" not in rights, mapping


def test_the_memory_is_there_before_the_start_where_asked(waiting):
    def resident(process):
        return int(re.search(r"VmRSS:\s+(\d+) kB", (TASK / f"{process.pid}/status").read_text())[1])

    assert resident(waiting("--mem", "32M")) < 8 << 10
    assert resident(waiting("--mem", "32M", "--prefault")) > 32 << 10


def test_large_pages_where_asked(waiting):
    if "never" in re.findall(r"\[(\w+)\]", pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text()):
        pytest.skip("transparent huge pages are off")
    process = waiting("--mem", "32M", "--prefault", "--huge-pages")
    sizes = re.findall(r"^AnonHugePages: +(\d+) kB", (TASK / f"{process.pid}/smaps").read_text(), re.M)
    assert sum(map(int, sizes)) >= 2048


def test_a_file_that_is_cut_short_ends_the_instance_with_a_sentence(waiting, tmp_path):
    image = tmp_path / "hostile"
    shutil.copy(HOSTILE, image)
    process = waiting(image=image, what="spin")
    os.truncate(image, 0)
    # The request is an upcall, whose code is gone.
    process.send_signal(signal.SIGTERM)
    output, said = process.communicate(timeout=120)
    assert process.returncode == REFUSED, (output, said)
    assert said.count("\n") == 1 and "its file was cut short" in said


def test_the_load_base_differs_between_starts():
    bases = set()
    for _ in range(4):
        done = run(TENDER, HOSTILE, "--", "below", 1)
        bases.add(re.search(r"^address (0x[0-9a-f]+)$", done.stdout, re.M)[1])
    assert len(bases) == 4


def test_ten_at_once(waiting):
    started = time.monotonic()
    processes = [waiting() for _ in range(10)]
    assert time.monotonic() - started < 300
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        assert process.wait(120) == 0

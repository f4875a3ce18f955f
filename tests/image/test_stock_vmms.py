"""The image under QEMU, by PVH, with virtio-mmio (microvm) and virtio-pci (q35, pc); docs/stock-vmms.md.

QEMU emulates the processor here, so that the tests do not depend on KVM; where there is one, one more boots on it."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess

import pytest

from tests.image.test_block_service import wait_for_requests
from tests.support import tenders
from tests.support.instance import BIN, IMAGES

pytestmark = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86 is not installed")

MACHINES = ("microvm", "q35", "pc")
TCG = ("--accel", "tcg")


def bare(machine):
    """Without ACPI's tables a microvm names its devices on the kernel command line."""
    return "microvm,acpi=off" if machine == "microvm" else machine


@pytest.fixture(params=MACHINES)
def machine(request):
    return request.param


def test_an_image_boots_and_its_status_is_the_services(start, machine):
    instance = start("tests/misuse", *TCG, "--machine", machine, arguments=["exit"], tender="holm-qemu")
    assert instance.wait() == 7, instance.output()
    hello = start("hello", *TCG, "--machine", machine, tender="holm-qemu")
    assert hello.wait() == 0, hello.output()
    assert hello.output() == "hello from hello\n"


@pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="no KVM")
def test_an_image_boots_on_kvm(start):
    instance = start("hello", "--accel", "kvm", tender="holm-qemu")
    assert instance.wait() == 0, instance.output()
    assert "hello from hello" in instance.output()


def test_a_fault_is_reported_with_registers_and_a_backtrace(start, machine):
    instance = start("tests/tasks", *TCG, "--machine", machine, arguments=["null-write"], tender="holm-qemu")
    assert instance.wait() == 134, instance.output()
    assert "cannot write to address 0x" in instance.output() and "a null pointer" in instance.output()
    assert re.search(r"rip [0-9a-f]{16}", instance.output())


@pytest.mark.parametrize("way", ["write-code", "write-constant", "run-data", "stack", "not-canonical", "double-panic"])
def test_the_page_tables_protect(start, way):
    instance = start("tests/tasks", *TCG, arguments=[way], tender="holm-qemu")
    assert instance.wait() == 134, instance.output()


def test_guard_pages_of_threads(start):
    instance = start("tests/misuse", *TCG, arguments=["stack-of-a-thread"], tender="holm-qemu")
    assert instance.wait() == 134, instance.output()
    assert "cannot write to address" in instance.output()


def test_a_stop_request_is_orderly(start, machine):
    instance = start("tests/stop", *TCG, "--machine", machine, arguments=["poll"], tender="holm-qemu")
    instance.wait_for("ready")
    assert instance.stop() == 3, instance.output()
    assert "orderly" in instance.output()


def test_a_machine_that_does_nothing_any_more_is_ended(start):
    instance = start("tests/stop", *TCG, "--grace", "100", arguments=["poll"], tender="holm-qemu")
    instance.wait_for("ready")
    child = subprocess.run(["pgrep", "-P", str(instance.pid)], capture_output=True, text=True, check=True).stdout.split()[0]
    os.kill(int(child), signal.SIGSTOP)
    assert instance.stop() == 143
    assert "did not stop within its grace period, 100 ms" in instance.output()


def test_a_core_that_never_sleeps_and_never_asks_hears_stop_requests(start):
    instance = start("tests/tasks", *TCG, "--grace", "1000", arguments=["hog-forever"], tender="holm-qemu")
    instance.wait_for("the core is hogged")
    assert instance.stop() == 143
    assert "could not be delivered" in instance.output()


def test_an_idle_machine_sleeps(start):
    instance = start("tests/stop", *TCG, arguments=["poll"], tender="holm-qemu")
    instance.wait_for("ready")
    child = subprocess.run(["pgrep", "-P", str(instance.pid)], capture_output=True, text=True, check=True).stdout.split()[0]

    def ticks():
        with open(f"/proc/{child}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    with pytest.raises(subprocess.TimeoutExpired):
        instance.wait(timeout=2)
    assert ticks() - before < os.sysconf("SC_CLK_TCK")  # of two seconds, less than one
    instance.stop()


def test_arguments_environment_and_heap(start):
    instance = start("tests/tasks", *TCG, "--env", "COLOUR=a \"b\" \\c", arguments=["environment", "x y"], tender="holm-qemu")
    instance.wait()
    assert 'colour a "b" \\c, arguments 3' in instance.output(), instance.output()


def test_the_image_lies_elsewhere_each_time(start):
    places = set()
    for _ in range(3):
        instance = start("tests/tasks", *TCG, arguments=["null-read"], tender="holm-qemu")
        assert instance.wait() == 134
        places.add(re.search(r"rip ([0-9a-f]{16})", instance.output()).group(1))
    assert len(places) == 3, places


def test_a_command_line_that_is_not_understood_is_refused():
    command = ["qemu-system-x86_64", "-machine", "microvm,acpi=off", "-accel", "tcg", "-cpu", "max", "-m", "32M", "-nodefaults",
               "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-kernel", str(IMAGES / "hello"), "-append", "holm.memory=1M"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.startswith("holm: no word of ours"), result.stdout
    assert result.stdout.rstrip().endswith("holm.memory=1M")
    assert result.returncode == (125 << 1 | 1) & 0xff


@pytest.mark.parametrize("processor, sentence", [("qemu64", "FSGSBASE"), ("max,-rdrand", "no randomness")])
def test_a_processor_that_lacks_something_is_refused(processor, sentence):
    command = ["qemu-system-x86_64", "-machine", "microvm,acpi=off", "-accel", "tcg", "-cpu", processor, "-m", "32M", "-nodefaults",
               "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-kernel", str(IMAGES / "hello")]
    command += ["-device", "virtio-rng-device", "-global", "virtio-mmio.force-legacy=false"] if sentence == "FSGSBASE" else []
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert sentence in result.stdout, result.stdout + result.stderr


def test_a_virtio_rng_device_is_enough(machine):
    device = ["-device", "virtio-rng-device", "-global", "virtio-mmio.force-legacy=false"] if machine == "microvm" else ["-device", "virtio-rng-pci"]
    command = ["qemu-system-x86_64", "-machine", bare(machine), "-accel", "tcg", "-cpu", "max,-rdrand", "-m", "32M", "-nodefaults",
               "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-kernel", str(IMAGES / "hello"), *device]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert "hello from hello" in result.stdout, result.stdout + result.stderr


def test_a_virtio_console_instead_of_the_serial_port(machine):
    bus = "device" if machine == "microvm" else "pci"
    command = ["qemu-system-x86_64", "-machine", bare(machine), "-accel", "tcg", "-cpu", "max", "-m", "32M", "-nodefaults",
               "-no-user-config", "-no-reboot", "-display", "none", "-chardev", "stdio,id=c", "-device", f"virtio-serial-{bus}",
               "-device", "virtconsole,chardev=c", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-global",
               "virtio-mmio.force-legacy=false", "-append", "holm.console=virtio", "-kernel", str(IMAGES / "hello")]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert "hello from hello" in result.stdout, result.stdout + result.stderr


def qemu(machine, image, *options):
    """QEMU as one starts it by hand, without the devices that holm-qemu adds."""
    return ["qemu-system-x86_64", "-machine", machine, "-accel", "tcg", "-cpu", "max", "-m", "32M", "-nodefaults", "-no-user-config",
            "-display", "none", "-kernel", str(IMAGES / image), *options]


@pytest.mark.parametrize("which", ["microvm", "q35", "pc"])
def test_acpi_switches_the_machine_off(which):
    result = subprocess.run(qemu(which, "hello", "-serial", "stdio"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=120, check=False)
    assert "hello from hello" in result.stdout and result.returncode == 0, result


@pytest.mark.parametrize("which", ["microvm", "q35", "pc"])
def test_a_boot_that_fails_switches_the_machine_off(which):
    result = subprocess.run(qemu(which, "hello", "-serial", "stdio", "-append", "holm.mem=1G"), stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.count("left for the heap; 1048576 KiB are needed") == 1 and result.returncode == 0, result


def test_without_acpi_a_machine_that_may_not_reboot_ends():
    result = subprocess.run(qemu("microvm,acpi=off", "hello", "-serial", "stdio", "-no-reboot"), stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=120, check=False)
    assert "hello from hello" in result.stdout and result.returncode == 0, result


def test_acpi_names_virtio_mmio_devices(tmp_path):
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(1 << 20))
    command = qemu("microvm", "blockbench", "-serial", "stdio", "-m", "64M", "-global", "virtio-mmio.force-legacy=false", "-drive",
                   f"if=none,id=d,file={disk},format=raw", "-device", "virtio-blk-device,drive=d", "-append", "-- verify")
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert "blockbench: check: 256 operations" in result.stdout and result.returncode == 0, result


@pytest.mark.parametrize("which", ["q35", "pc"])
def test_the_power_button_is_a_stop_request(which, tmp_path):
    path = tmp_path / "monitor"
    command = qemu(which, "tests/stop", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-monitor",
                   f"unix:{path},server,nowait", "-append", "-- poll")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as machine:
        try:
            assert machine.stdout.readline() == "ready\n"
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(str(path))
                monitor.sendall(b"system_powerdown\n")
                assert machine.stdout.readline() == "orderly\n"
            assert machine.wait(60) == 3 << 1 | 1
        finally:
            machine.kill()


def test_the_printed_command_runs():
    printed = subprocess.run([BIN / "holm", "run", "--tender", "qemu", "--accel", "tcg", "--print-command", "hello"],
                             capture_output=True, text=True, check=True).stdout
    result = subprocess.run(shlex.split(printed), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert "hello from hello" in result.stdout and result.returncode == 1, result


@pytest.mark.parametrize("what", [["verify", "--size", "64K"], ["discard"], ["randwrite", "--count", "200", "--depth", "16"]])
def test_block_devices(start, tmp_path, machine, what):
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"\xa5" * (4 << 20))
    instance = start("blockbench", *TCG, "--machine", machine, "--block", f"disk={disk}", arguments=what, tender="holm-qemu")
    assert instance.wait() == 0, instance.output()
    if what == ["discard"]:
        assert disk.read_bytes() == bytes(4 << 20)


def test_a_busy_image_hears_a_stop_request(start, tmp_path):
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(1 << 20))
    instance = start("blockbench", *TCG, "--block", f"disk={disk}", arguments=["randread", "--seconds", "60"], tender="holm-qemu")
    wait_for_requests(instance, tenders.MICROVM)
    assert instance.stop() == 143, instance.output()


def test_a_block_device_without_write_access_refuses_writes(start, tmp_path):
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"\xa5" * (1 << 20))
    instance = start("blockbench", *TCG, "--block", f"disk={disk},ro", arguments=["fill"], tender="holm-qemu")
    assert instance.wait() == 1, instance.output()
    assert disk.read_bytes() == b"\xa5" * (1 << 20)


def test_a_device_that_is_missing_is_named():
    command = ["qemu-system-x86_64", "-machine", "microvm,acpi=off", "-accel", "tcg", "-cpu", "max", "-m", "64M", "-nodefaults",
               "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-kernel", str(IMAGES / "blockbench")]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert 'the image needs the device "disk"' in result.stdout, result

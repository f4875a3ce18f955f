"""The vm tender beside the process tender: exec to first output, machines a second, memory of the tender, HTTP, bulk TCP."""

import os
import re
import signal
import subprocess

from bench.lib import vm_network
from bench.lib.machine import BIN, IMAGES, Skip, compiled, undisturbed

NAME = "vm"
FIRST_OUTPUTS = 50
SEQUENCE = 40
ROUNDS = 5
TOGETHER = 10
# Solo5's hvt hello on a machine of this kind, from its own measurement (facts/solo5.md 3.2): not run here.
SOLO5_HVT_FIRST_OUTPUT_MS = 13.1


def kind_of_kvm():
    """One line: which KVM the figures were taken on."""
    flags = set()
    with open("/proc/cpuinfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("flags"):
                flags = set(line.split(":", 1)[1].split())
                break
    if "vmx" in flags or "svm" in flags:
        return "KVM on hardware (" + ("VMX" if "vmx" in flags else "SVM") + ")"
    return "KVM without hardware support (no VMX, no SVM): ring 3 runs natively, an exit costs about 27 us"


def _starts(launcher, runs, *command):
    """Milliseconds to the first output, to the end, of CPU."""
    output = subprocess.run([*undisturbed(), launcher, str(runs), *command], check=True, capture_output=True, text=True).stdout
    rows = [[int(word) for word in line.split()] for line in output.splitlines()]
    if any(row[3] != 0 for row in rows):
        raise RuntimeError(f"{command[0]} ended with status {rows[0][3]}")
    return [[row[column] / 1e6 for row in rows] for column in range(3)]


def _first_output(report):
    launcher = compiled("first_output", "-static")
    subjects = {"holm-vm hello": "holm-vm", "holm-process hello": "holm-process"}
    commands = {name: [str(BIN / tender), "--quiet", str(IMAGES / "hello")] for name, tender in subjects.items()}
    times = {name: [[], [], []] for name in subjects}
    for command in commands.values():
        _starts(launcher, 5, *command)  # warm the caches
    for _ in range(ROUNDS):
        for name, command in commands.items():
            for all_of, some in zip(times[name], _starts(launcher, FIRST_OUTPUTS // ROUNDS, *command)):
                all_of += some
    for column, metric in enumerate(("exec to first output", "exec to exit", "exec to exit, CPU")):
        for name in subjects:
            report.add(NAME, metric, "ms", name, times[name][column])
    report.add(NAME, "exec to first output", "ms", "solo5-hvt, quoted", [SOLO5_HVT_FIRST_OUTPUT_MS])
    reached = report.value("exec to first output", "holm-vm hello")
    print(f"  → exec to first output: {reached:.2f} ms, promised ≤ 2 ms: {'reached' if reached <= 2 else 'NOT reached'}",
          flush=True)


def _machines_a_second(report):
    """One after another on one core, by wall clock; and by the CPU time that each took, of user and kernel."""
    launcher = compiled("first_output", "-static")
    command = [*undisturbed(), "taskset", "-c", "0", launcher, str(SEQUENCE), str(BIN / "holm-vm"), "--quiet", str(IMAGES / "hello")]
    wall, cpu = [], []
    for _ in range(ROUNDS):
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows = [[int(word) for word in line.split()] for line in output.splitlines()]
        wall.append(len(rows) / (sum(row[1] for row in rows) / 1e9))
        cpu.append(len(rows) / (sum(row[2] for row in rows) / 1e9))
    report.add(NAME, "create, boot, exit, wall", "VM/s", "holm-vm hello", wall)
    report.add(NAME, "create, boot, exit, of CPU", "VM/s", "holm-vm hello", cpu)
    print(f"  → {max(wall):.0f} VM/s by the wall clock at best, {max(cpu):.0f} by CPU time; promised ≥ 400", flush=True)


def _proportional_kib(pid):
    """PSS in KiB of the machine's memory as the guest has it, and of all the rest: the tender."""
    guest, tender = 0, 0
    with open(f"/proc/{pid}/smaps", encoding="ascii") as file:
        text = file.read()
    mappings = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) .*\n((?:[A-Z].*\n)+)", text, re.M)
    # The reservation is what lies between the program and the shared state of the processor, from page tables to heap.
    state = next(int(start, 16) for start, _, _ in mappings if f"{start}-" in text and "kvm-vcpu" in
                 text[text.index(f"{start}-"):].splitlines()[0])
    for start, _, details in mappings:
        size = int(re.search(r"^Pss: +(\d+) kB", details, re.M)[1])
        if 0x7000_0000_0000 <= int(start, 16) < state:
            guest += size
        else:
            tender += size
    return guest, tender


def _memory(report):
    """Several at once, idle: page cache and the tender's program are shared as they would be on a host."""
    image = IMAGES / "tests" / "hostile"
    if not image.exists():
        raise Skip(f"{image} is not built (it waits without a library OS)")
    machines = [subprocess.Popen([str(BIN / "holm-vm"), str(image), "--", "ready"], stdout=subprocess.PIPE, text=True)
                for _ in range(TOGETHER)]
    try:
        for machine in machines:
            if machine.stdout.readline() != "ready\n":
                raise RuntimeError("a machine did not start")
        figures = [_proportional_kib(machine.pid) for machine in machines]
        report.add(NAME, "memory of the tender (PSS)", "KiB", f"of {TOGETHER}, each", [own for _, own in figures])
        report.add(NAME, "memory of the guest (PSS)", "KiB", f"of {TOGETHER}, each", [guest for guest, _ in figures])
    finally:
        for machine in machines:
            machine.send_signal(signal.SIGTERM)
        for machine in machines:
            machine.wait(30)
            machine.stdout.close()
    most = report.value("memory of the tender (PSS)", f"of {TOGETHER}, each")
    print(f"  → memory that the tender adds: {most:.0f} KiB, promised ≤ 300: {'reached' if most <= 300 else 'NOT reached'}",
          flush=True)


def _pages(report):
    """What the first touch of a page of the heap costs, and what prefaulting and large pages save."""
    image = IMAGES / "tests" / "hostile"
    for options in ((), ("--prefault",), ("--huge-pages",), ("--prefault", "--huge-pages")):
        found = []
        for _ in range(3):
            done = subprocess.run([str(BIN / "holm-vm"), "--mem", "64M", *options, str(image), "--", "touch-heap"], check=True,
                                  capture_output=True, text=True)
            found.append(int(done.stdout.split()[1], 16) / 1000)
        report.add(NAME, "first touch of 4 KiB", "us", " ".join(options) or "as it comes", found)


def run(report):
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise Skip("/dev/kvm is missing, or not permitted")
    for needed in (BIN / "holm-vm", IMAGES / "hello"):
        if not needed.exists():
            raise Skip(f"{needed} is not built")
    print(f"  on {kind_of_kvm()}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
          f"{', real-time priority' if undisturbed() else ''}", flush=True)
    _first_output(report)
    _machines_a_second(report)
    _memory(report)
    _pages(report)
    vm_network.run(report)

"""DNS beside Knot and NSD: a zone of 60,000 records, CPU per query, latency of one at a time, exec to the first answer.

Each server in its own namespace; rounds interleaved; Knot with one UDP worker, NSD with one server process; no rate limits,
no cookies. CPU: server on core 1, dnsperf on core 0. Latency and starts: all on core 0, since Knot binds its worker to
that core whatever it is told, and to wake another core costs more than all else. The tap's floor is a C program that answers
whatever it is asked: what the host alone takes for a server behind a tap."""

import contextlib
import pathlib
import random
import re
import subprocess
import tempfile
import time

from bench.lib.machine import BIN, compiled, cpu_nanoseconds, descendants, need, proportional_kib, undisturbed
from bench.lib.namespaces import SERVER_ADDRESS, client_namespace, inside, tap, veth_server
from tests.interop.dns import project, servers

NAME = "dns"
RECORDS = 60_000
ROUNDS = 6
SECONDS = 2
ROUND_TRIPS = 2000
STARTS = 11
ZONE = "plain.test"
FIRST = f"host1.{ZONE}"


def _questions(path):
    """Names of the zone with the types they have, one in ten that is not there."""
    chance = random.Random(7)
    lines = []
    for _ in range(50_000):
        i = chance.randrange(RECORDS // 20) * 20
        lines.append(chance.choice([f"host{i + chance.randrange(12)}.{ZONE} A"] * 12 + [f"host{i}.{ZONE} AAAA"] * 3 + [
            f"alias{i + 15}.{ZONE} A", f"mail{i + 16}.{ZONE} MX", f"text{i + 17}.{ZONE} TXT", f"_tcp.srv{i + 18}.{ZONE} SRV",
            f"www.child{i + 19}.{ZONE} A", f"nobody{i}.{ZONE} A", f"nobody{i}.{ZONE} AAAA"]))
    path.write_text("\n".join(lines) + "\n")


def _dnsperf(namespace, questions):
    """(queries answered, queries a second) of one run."""
    output = subprocess.run(
        inside(namespace, "taskset", "-c", "0", need("dnsperf"), "-s", SERVER_ADDRESS, "-d", questions, "-l", str(SECONDS),
               "-c", "8", "-q", "200", "-t", "1"), check=True, capture_output=True, text=True, timeout=SECONDS + 30).stdout
    return int(re.search(r"Queries completed:\s+(\d+)", output)[1]), float(re.search(r"Queries per second:\s+([\d.]+)", output)[1])


@contextlib.contextmanager
def _running(command, namespace, core):
    """The server, pinned to a core; yields its process."""
    server = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = compiled("dns_client", "-static")
    try:
        for _ in range(100):
            time.sleep(0.05)
            if subprocess.run(inside(namespace, client, SERVER_ADDRESS, "1", FIRST), capture_output=True, check=False).returncode == 0:
                break
        else:
            raise RuntimeError(f"{command} did not answer")
        yield server.pid
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()


def _throughput(report, subjects, questions):
    cpu, rate = ({name: [] for name, _, _ in subjects} for _ in range(2))
    for _ in range(ROUNDS):
        for name, namespace, pid in subjects:
            pids = descendants(pid)
            before = sum(map(cpu_nanoseconds, pids))
            answered, per_second = _dnsperf(namespace, questions)
            cpu[name].append((sum(map(cpu_nanoseconds, pids)) - before) / answered / 1000)
            rate[name].append(per_second)
    for name, _, _ in subjects:
        report.add(NAME, "server CPU per query", "us", name, cpu[name])
        report.add(NAME, "queries per second", "1/s", name, rate[name])


def _latency(report, subjects):
    client = compiled("dns_client", "-static")
    times = {name: [] for name, _, _ in subjects}
    for _ in range(ROUNDS):
        for name, namespace, _ in subjects:
            output = subprocess.run(inside(namespace, *undisturbed(), "taskset", "-c", "0", client, SERVER_ADDRESS, str(ROUND_TRIPS), FIRST),
                                    check=True, capture_output=True, text=True, timeout=60).stdout
            times[name].append(sorted(int(line) for line in output.split())[ROUND_TRIPS // 2] / 1000)
    for name, values in times.items():
        report.add(NAME, "p50 latency, one outstanding", "us", name, values)


def _first_answer(report, commands):
    client = compiled("dns_client", "-static")
    times = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, (namespace, command) in commands.items():
            output = subprocess.run(inside(namespace, *undisturbed(), "taskset", "-c", "0", client, SERVER_ADDRESS, "0", FIRST, *command), check=True,
                                    capture_output=True, text=True, timeout=60).stdout
            times[name].append(int(output) / 1e6)
    for name, values in times.items():
        report.add(NAME, "exec to first answer", "ms", name, values)


def run(report):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        zone = folder / f"{ZONE}.zone"
        zone.write_text(servers.plain_zone(ZONE, RECORDS))
        zones = {ZONE: zone}
        began = time.monotonic()
        subprocess.run([BIN / "holm-zone", "--output", folder / "table", servers.server_file(folder, zones)], check=True)
        report.add(NAME, "compiling the zone", "s", "holm dns", [time.monotonic() - began])
        report.add(NAME, "table", "KiB", "holm dns", [(folder / "table").stat().st_size / 1024])
        image = project.image_of(folder, zones)
        report.add(NAME, "image", "KiB", "holm dns", [image.stat().st_size / 1024])
        questions = folder / "questions"
        _questions(questions)
        ours = stack.enter_context(client_namespace())
        stack.enter_context(tap(ours))
        subjects = [("holm dns", ours, inside(ours, str(BIN / "holm-process"), "--quiet", "--net",
                                              f"lan=tap0,ip={SERVER_ADDRESS}/24", str(image)))]
        for name, command in (("knot", servers.knot_command), ("nsd", servers.nsd_command)):
            need(f"{name}d" if name == "knot" else name)
            theirs = stack.enter_context(client_namespace())
            server = stack.enter_context(veth_server(theirs))
            subjects.append((name, theirs, inside(server, *command(folder, zones, SERVER_ADDRESS, 53))))
        _first_answer(report, {name: (namespace, command) for name, namespace, command in subjects})
        with contextlib.ExitStack() as servers_on:
            running = [(name, namespace, servers_on.enter_context(_running([*undisturbed(), *command], namespace, 0)))
                       for name, namespace, command in subjects]
            _latency(report, running)
        for name, options in (("tap's floor", ()), ("tap's floor, joined", ("join",))):
            floor = stack.enter_context(client_namespace())
            stack.enter_context(tap(floor))
            subjects.append((name, floor, inside(floor, compiled("tap_answers"), "tap0", SERVER_ADDRESS, *options)))
        running = [(name, namespace, stack.enter_context(_running(command, namespace, 1))) for name, namespace, command in subjects]
        _throughput(report, running, str(questions))
        for name, _, pid in running[:3]:
            report.add(NAME, "memory (PSS) after the queries", "KiB", name, [sum(map(proportional_kib, descendants(pid)))])
    for peer in ("knot", "nsd"):
        report.ratio("server CPU per query", "holm dns", peer, 0.5)
        report.ratio("p50 latency, one outstanding", "holm dns", peer, 1.0)
    report.bound("exec to first answer", "holm dns", at_most=5)

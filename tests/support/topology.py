"""Topologies in tests: a compose file of two images, and what holm says of those that are up."""

import contextlib
import os
import pathlib

from tests.support.command import holm

COMPOSE = """
name = "{name}"
[networks.lan]
subnet = "10.9.0.0/24"
[networks.cable]
subnet = "10.8.0.0/24"
subnet6 = "fd00:8::/64"
[services.web]
image = "{images}/web"
networks = {{ lan = {{ network = "lan", ipv4_address = "10.9.0.2" }} }}
healthcheck = {{ http = 80 }}
depends_on = ["echo"]
restart = "on-failure"
[services.echo]
image = "{images}/echo"
networks = {{ lan = {{ network = "cable", ipv4_address = "10.8.0.3", ipv6_address = "fd00:8::3" }} }}
healthcheck = {{ tcp = 7 }}
[clients.desk]
networks.lan = {{ ipv4_address = "10.9.0.9", dns = ["10.9.0.53"] }}
networks.cable = {{ ipv4_address = "10.8.0.9", ipv6_address = "fd00:8::9" }}
"""


@contextlib.contextmanager
def up(project, runtime):
    started = holm("up", "-d", project, runtime=runtime, timeout=120)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield started.stdout
    finally:
        holm("down", project, runtime=runtime, timeout=100)
    assert not list((runtime / "holm").iterdir())  # its logs neither


def supervisor_of(runtime):
    (record,) = (runtime / "holm").glob("*.topology")
    return int(dict(line.split("=", 1) for line in record.read_text().splitlines())["supervisor"])


def processes_of(runtime):
    """Those that were started with this runtime folder, and what these have started."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if f"XDG_RUNTIME_DIR={runtime}\0".encode() in pathlib.Path(f"/proc/{process}/environ").read_bytes():
                found.append(int(process))
    return found


def rows(runtime):
    """NAME -> (number, state) of holm ps."""
    head, *listed = holm("ps", runtime=runtime).stdout.splitlines()
    state = slice(head.index("STATE"), head.index("PORTS"))
    return {line.split()[1].partition("-")[2]: (line.split()[0], line[state].strip()) for line in listed}

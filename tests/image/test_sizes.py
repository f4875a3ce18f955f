"""What images weigh, as SPECIFICATION.md promises it: bytes of the file, memory of an idle instance."""

import json
import subprocess

from tests.support.instance import BIN, IMAGES

KIB = 1024


def embedded(image):
    """Bytes of the files that an image carries for its service."""
    told = subprocess.run([BIN / "holm", "inspect", "--json", image], check=True, capture_output=True).stdout
    return sum(file["size"] for file in json.loads(told)["files"])


def resident(pid):
    """KiB of a process. What its PSS is when no other process maps the same files, whatever runs beside this test."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Rss:"))


def test_hello_with_all_its_platforms_is_small():
    assert (IMAGES / "hello").stat().st_size <= 64 * KIB


def test_web_is_small():
    assert (IMAGES / "web").stat().st_size - embedded(IMAGES / "web") <= 512 * KIB


def test_an_idle_web_instance_takes_little_memory(lan, start):
    web = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    lan.wait_for_page(web, f"http://{lan.GUEST}/")
    assert resident(web.pid) <= 600

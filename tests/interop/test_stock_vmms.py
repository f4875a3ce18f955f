"""The web example under QEMU, emulated, on a tap: virtio-net over virtio-mmio and over virtio-pci, with real peers."""

import re
import shutil

import pytest

pytestmark = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86 is not installed")


@pytest.fixture(params=["microvm", "q35", "pc"])
def web(lan, start, request):
    instance = start("web", "--accel", "tcg", "--machine", request.param, "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan,
                     tender="holm-qemu")
    instance.wait_for("listening on port 80")
    return instance


def test_curl_gets_pages_and_posts(lan, web):
    page = lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}/")
    assert page.returncode == 0 and page.stdout.startswith("<!doctype html>"), page.stderr
    made = lan.run("curl", "-sS", "-m", "60", "-i", "-X", "POST", "-d", '{"name": "x", "price": 1}', f"http://{lan.GUEST}/api/items")
    assert made.returncode == 0 and re.match(r"HTTP/1.1 \d{3}", made.stdout), made
    assert web.stop() == 0, web.output()


def test_a_flood_of_pings_is_answered(lan, web):
    flood = lan.run("ping", "-f", "-q", "-c", "2000", "-s", "1400", "-W", "5", lan.GUEST)
    lost = float(re.search(r"([\d.]+)% packet loss", flood.stdout).group(1))
    assert lost < 1, flood.stdout
    assert web.alive()


def test_many_connections_at_once(lan, web):
    urls = [word for number in range(40) for word in ("-o", "/dev/null", f"http://{lan.GUEST}/?{number}")]
    answer = lan.run("curl", "-sS", "-m", "60", "--parallel", "--parallel-max", "40", "-w", "%{http_code}\n", *urls)
    assert answer.returncode == 0 and answer.stdout.split() == ["200"] * 40, answer

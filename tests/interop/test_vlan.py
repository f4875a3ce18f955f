"""`--net …,vlan=N`: what is of that VLAN is answered with its tag, and nothing else is heard. Tags are made and read here: kernels
without 8021q drop them."""

import pathlib
import sys

import pytest

from tests.interop.attacks.link import GUEST4

MAC = "02:00:00:00:00:02"


def answers(lan, count):
    done = lan.run(sys.executable, "-B", "-m", "tests.interop.attacks.tagged", MAC, count, timeout=100,
                   cwd=pathlib.Path(__file__).resolve().parents[2])
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines())


@pytest.mark.parametrize(("setting", "expected"), [
    (",vlan=10", {"10 10 arp", "10 10 ping", "10 10 tcp"}),
    # 802.1Q: the tag of VLAN 0 has a priority and is of no VLAN.
    ("", {f"{tag} untagged {what}" for tag in (None, 0) for what in ("arp", "ping", "tcp")}),
])
def test_only_the_vlan_that_was_asked_for_is_answered(lan, start, setting, expected):
    pytest.importorskip("scapy")
    start("web", "--net", f"lan=tap0,ip={GUEST4}/24,ip6=off,mac={MAC}{setting}", inside=lan).wait_for("listening")
    assert answers(lan, len(expected)) == expected

"""Networks of compose files, here in YAML: IPv6 alone, and VLANs on one wire."""

import os
import sys

import pytest

from tests.support.command import holm, may_make_namespaces, need
from tests.support.instance import IMAGES
from tests.support.topology import rows, up

COMPOSE = """
name: {name}
networks:
  six: {{subnet6: "fd00:6::/64"}}
  wire:
  blue: {{vlan: 10, trunk: wire, subnet: 10.10.0.0/24}}
  red: {{vlan: 20, trunk: wire, subnet: 10.20.0.0/24}}
services:
  echo:
    image: {images}/echo
    networks:
      lan: {{network: six, ipv6_address: "fd00:6::2"}}
    healthcheck: {{tcp: 7}}
  blue:
    image: {images}/echo
    networks: {{lan: {{network: blue, ipv4_address: 10.10.0.2}}}}
    healthcheck: {{log: listening on port 7}}
  red:
    image: {images}/echo
    networks:
      lan:
        network: red
        ipv4_address: 10.20.0.2
    healthcheck:
      log: listening on port 7
    restart: no
clients:
  # Tags are made and read here: kernels without 8021q have no interfaces for them.
  tap: {{networks: {{wire: }}}}
"""

ASK = """
import sys
from scapy.all import ARP, Dot1Q, Ether, conf, get_if_hwaddr, srp1
conf.verb = 0
own = get_if_hwaddr("wire")

def ask(tag, address, tries):
    frame = Ether(src=own, dst="ff:ff:ff:ff:ff:ff")
    if tag:
        frame /= Dot1Q(vlan=tag)
    frame /= ARP(op=1, hwsrc=own, psrc=address[:-1] + "9", pdst=address)
    answers = (srp1(frame, iface="wire", timeout=1, filter="") for _ in range(tries))
    return next((f"{answer[Dot1Q].vlan} {answer[ARP].psrc}" for answer in answers if answer), "nobody")

print(ask(10, "10.10.0.2", 60), ask(20, "10.20.0.2", 60), ask(10, "10.20.0.2", 1), ask(0, "10.10.0.2", 1), sep=", ")
"""


@pytest.fixture
def project(tmp_path):
    may_make_namespaces()
    need("echo")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "holm.compose.yaml").write_text(COMPOSE.format(name=f"y{os.getpid()}", images=IMAGES))
    return folder


def test_ipv6_alone_and_vlans_on_one_wire(project, runtime):
    pytest.importorskip("scapy")
    with up(project, runtime) as said:
        assert "fd00:6::2 on six" in said
        assert {state for _, state in rows(runtime).values()} == {"ready"}
        answers = holm("exec", "tap", sys.executable, "-c", ASK, runtime=runtime)
        assert answers.stdout == "10 10.10.0.2, 20 10.20.0.2, nobody, nobody\n", answers.stderr


def test_mistakes_in_yaml_have_their_places(project, runtime):
    file = project / "holm.compose.yaml"
    text = file.read_text()
    for old, new, expected in (
            ("  wire:\n", "\twire:\n", ":5:1: a tab cannot stand here; expected: spaces"),
            ("    restart: no", "   restart: no", "or a key in the same column as those of its table"),
            ("trunk: wire, subnet: 10.10", "trunk: wirr, subnet: 10.10", "which is no network; there are: six, wire"),
            ("      log: listening on port 7", "      log: listening on: port 7", ': a ":" where there can be no key'),
            ("network: red", "network: rad", 'there is no network "rad", did you mean "red"?')):
        assert old in text
        file.write_text(text.replace(old, new, 1))
        refused = holm("up", "-d", project, runtime=runtime)
        assert refused.returncode == 1 and expected in refused.stderr and "nothing was started" in refused.stderr, refused.stderr
    (project / "holm.compose.toml").write_text("")
    assert "has holm.compose.toml and holm.compose.yaml; say which" in holm("up", project, runtime=runtime).stderr

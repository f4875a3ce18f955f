"""holm inspect: what it tells of images."""

import json

from tests.support.command import holm, need
from tests.support.instance import IMAGES


def test_inspect_as_json_has_what_its_readers_rely_on():
    need("hello")
    report = json.loads(holm("inspect", "--json", "hello").stdout)
    assert report["manifest"]["name"] == "hello" and report["manifest"]["platforms"] == ["process", "vm", "virtio"]
    assert report["size"] == (IMAGES / "hello").stat().st_size
    assert len(report["build_id"]) == 40
    assert any(segment["protection"] == "r-x" for segment in report["segments"])
    assert not any("w" in segment["protection"] and "x" in segment["protection"] for segment in report["segments"])
    assert all(set(protection) == {"what", "holds", "detail"} for protection in report["protections"])
    assert len(report["permitted_system_calls"]) <= 12
    assert report["devices"] == [] and report["files"] == []
    # Nearly everything in the file is accounted for (the rest: headers, padding between segments).
    total = sum(library["bytes"] for library in report["libraries"])
    assert 0.6 * report["size"] < total <= report["size"]
    exits = [call for call in report["library_calls"] if call["name"] == "exit_group"]
    assert exits and any("_Exit" in caller for caller in exits[0]["needed_by"])


def test_inspect_shows_a_web_service_its_files_and_devices():
    need("web")
    report = json.loads(holm("inspect", "--json", "web").stdout)
    assert [device["kind"] for device in report["devices"]] == ["net"]
    pages = {file["path"]: file for file in report["files"]}
    assert pages["/index.html"]["content_type"].startswith("text/html") and len(pages["/index.html"]["hash"]) == 32


def test_inspect_prints_the_rules_of_a_firewall():
    need("firewall")
    shown = holm("inspect", "firewall").stdout
    for line in ("chain inet firewall forward: type filter hook forward", 'iif "wan"', "ip daddr 10.0.2.80", "dnat to 10.0.2.80", "masquerade"):
        assert line in shown, line
    files = {file["path"]: file for file in json.loads(holm("inspect", "--json", "firewall").stdout)["files"]}
    assert "chain ip nat postrouting" in files["/rules"]["rules"]

"""Knot as the secondary of our server: it is told of new versions by NOTIFY and transfers them, with keys (TSIG) and without."""

import base64

from tests.interop.dns import servers
from tests.support.waiting import until

ADDRESS, PRIMARY = "10.77.0.1", "10.77.0.2"
KEYS = {"first.key": base64.b64encode(b"one secret of thirty-two bytes..").decode(),
        "second.key": base64.b64encode(b"and the other one, thirty-two...").decode()}
# By key, by address and key, by address alone; the last one is large enough for many messages.
LISTS = {"kinds.test": {"transfer": f"{ADDRESS} key first.key", "notify": f"{ADDRESS} key first.key"},
         "nsec.test": {"notify": ADDRESS},
         "plain.test": {"transfer": "key second.key", "notify": f"{ADDRESS} key second.key"}}
ZONES = {"kinds.test": "first.key", "nsec.test": None, "plain.test": "second.key"}


def key_option(zone, name=None, secret=None):
    """For dig and kdig: the zone's key, or another one."""
    name = name or ZONES.get(zone)
    return ["-y", f"hmac-sha256:{name}:{secret or KEYS[name]}"] if name else []


def start_knot(inside, folder):
    """With a version of each zone that has little in it and is not to be asked about for days."""
    folder = folder / "secondary"
    folder.mkdir()
    text = f"""
server:
    rundir: "{folder}"
    listen: {ADDRESS}@53
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stdout
    any: info
database:
    storage: "{folder}"
key:
"""
    for name, secret in KEYS.items():
        text += f"  - id: {name}\n    algorithm: hmac-sha256\n    secret: {secret}\n"
    remotes = acls = domains = ""
    for zone, key in ZONES.items():
        (folder / f"{zone}.zone").write_text(f"{zone}. 60 SOA ns1.{zone}. old.{zone}. 0 1000000 1000000 2000000 60\n{zone}. 60 NS ns.elsewhere.test.\n")
        with_key = f"    key: {key}\n" if key else ""
        remotes += f"  - id: from-{zone}\n    address: {PRIMARY}\n{with_key}"
        acls += f"  - id: told-{zone}\n    address: {PRIMARY}\n    action: notify\n{with_key}"
        domains += f"  - domain: {zone}\n    file: {zone}.zone\n    master: from-{zone}\n    acl: [told-{zone}, anyone]\n"
    anyone = "  - id: anyone\n    address: 0.0.0.0/0\n    action: transfer\n"
    template = f"template:\n  - id: default\n    storage: \"{folder}\"\n    semantic-checks: off\n"
    text += f"remote:\n{remotes}acl:\n{anyone}{acls}{template}zone:\n{domains}"
    (folder / "knot.conf").write_text(text)
    return servers.Server(inside(["knotd", "-c", str(folder / "knot.conf")]), folder / "log")


def whole_zone(lan, address, zone, *options):
    answer = lan.run("dig", "+noall", "+answer", "+onesoa", "+nocrypto", f"@{address}", zone, "AXFR", *options).stdout
    return sorted(line.lower().split() for line in answer.splitlines())


def check(lan, knot):
    """Knot has been told, has asked, and has the same; who has not the key has not."""
    for zone in ZONES:
        # A NOTIFY that is lost is sent again after 15 s, 30 s, … (RFC 1996, section 3.6).
        until(lambda zone=zone: " old." not in lan.run("dig", "+short", f"@{ADDRESS}", zone, "SOA").stdout,
              lambda zone=zone: f"{zone} is as it was: {knot.log.read_text(errors='replace')}", seconds=180)
        theirs = whole_zone(lan, ADDRESS, zone)
        assert len(theirs) > 40 and theirs == whole_zone(lan, PRIMARY, zone, *key_option(zone)), zone
    log = knot.log.read_text(errors="replace")
    for zone in ZONES:
        assert any(f"[{zone}.] notify, incoming" in line for line in log.splitlines()), log
    dig = lambda *words: lan.run("dig", "+time=5", "+tries=12", f"@{PRIMARY}", *words).stdout
    # From an address that may, without its key; with the other key; from anywhere, with the key.
    for words in (["kinds.test", "AXFR"], ["kinds.test", "AXFR", *key_option("", "second.key")], ["plain.test", "AXFR"]):
        refused = dig(*words)
        assert "Transfer failed" in refused and "SOA" not in refused.replace(";", ""), refused
    for client in ("dig", "kdig"):
        asked = lambda *key: lan.run(client, f"@{PRIMARY}", "ns1.kinds.test", "A", *key).stdout
        good = asked(*key_option("kinds.test"))
        assert "NOERROR" in good and "192.0.2.2" in good and "hmac-sha256" in good, good
        assert "BADSIG" in asked(*key_option("", "first.key", KEYS["second.key"]))
        assert "BADKEY" in asked(*key_option("", "third.key", KEYS["second.key"]))
        assert "BADKEY" in asked("-y", "hmac-sha512:first.key:" + KEYS["first.key"])

"""The same zones for Knot, for NSD and for holm-zone; the two servers in a namespace, ended by id."""

import pathlib
import random
import subprocess
import time

ZONES = pathlib.Path(__file__).parent / "zones"


def plain_zone(name, records, seed=1):
    """A zone of about so many records, as text: hosts, aliases, mail, delegations, from a seed."""
    chance = random.Random(seed)
    lines = [f"$ORIGIN {name}.", "$TTL 3600", "@ SOA ns1 hostmaster 1 86400 7200 2419200 300", "@ NS ns1", "ns1 A 198.51.100.1"]
    for i in range(records):
        kind = i % 20
        if kind < 12:
            lines.append(f"host{i} A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}")
        elif kind < 15:
            lines.append(f"host{i - 12} AAAA 2001:db8::{i:x}")
        elif kind == 15:
            lines.append(f"alias{i} CNAME host{i - 15}")
        elif kind == 16:
            lines.append(f"mail{i} MX {chance.randrange(100)} host{i - 16}")
        elif kind == 17:
            lines.append(f"text{i} TXT \"{chance.randbytes(12).hex()}\"")
        elif kind == 18:
            lines.append(f"_tcp.srv{i} SRV 0 1 {i % 60000} host{i - 18}")
        else:
            lines.append(f"child{i} NS ns.child{i}\nns.child{i} A 10.1.{i >> 8 & 255}.{i & 255}")
    return "\n".join(lines) + "\n"


def sign(folder, zone, file, *options):
    """Signs a zone offline, as its owner would; the signed file."""
    run = dict(cwd=folder, check=True, capture_output=True, text=True, timeout=60)
    keys = [subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", *kind, zone], **run).stdout.strip() for kind in (["-k"], [])]
    signed = folder / f"{zone}.signed"
    subprocess.run(["ldns-signzone", *options, "-o", zone, "-f", signed, file, *keys], **run)
    return signed


def make_zones(folder):
    """Zone name -> file: everything unsigned, with NSEC, with NSEC3, with NSEC3 and opt-out."""
    kinds = (ZONES / "kinds.test.zone").read_text()
    zones = {"kinds.test": folder / "kinds.test.zone"}
    zones["kinds.test"].write_text(kinds)
    for name, options in (("nsec.test", []), ("nsec3.test", ["-n", "-t", "3", "-s", "abcdef"]),
                          ("optout.test", ["-n", "-p", "-t", "0"])):
        # ldns cannot read TYPE65282 \# 0; the rest is the same.
        text = "".join(line + "\n" for line in kinds.replace("kinds.test", name).splitlines() if "TYPE65282" not in line)
        plain = folder / f"{name}.zone"
        plain.write_text(text)
        zones[name] = sign(folder, name, plain, *options)
    zones["plain.test"] = folder / "plain.test.zone"
    zones["plain.test"].write_text(plain_zone("plain.test", 1500))
    zones["rare.test"] = ZONES / "rare.test.zone"
    child = folder / "sub.plain.test.zone"  # a child of a zone that is here too
    child.write_text(plain_zone("sub.plain.test", 40, seed=2))
    zones["plain.test"].write_text(zones["plain.test"].read_text() + "sub NS ns1.sub\nns1.sub A 198.51.100.1\n")
    zones["sub.plain.test"] = child
    return zones


def rare_zone(folder, server, unread):
    """rare.test for a server that does not read these types by name: they are written as numbers and bytes (RFC 3597), by ldns."""
    marked = [word for kind in unread for word in ("-u", kind)]
    made = subprocess.run(["ldns-read-zone", *marked, ZONES / "rare.test.zone"], check=True, capture_output=True, text=True, timeout=60)
    file = folder / f"rare.test.for-{server}"
    file.write_text(made.stdout)
    assert made.stdout.count("TYPE") >= len(unread)
    return {"rare.test": file}


def server_file(folder, zones, lists=None, keys=None):
    """dns.toml for holm-zone: no rate limit, no cookies, since the others have none either. Zones go to anybody; `lists`: zone -> its transfer and
    notify, if they are other; `keys`: name -> secret in base64."""
    text = "[server]\ncookies = false\n[rate_limit]\nanswers = 0\n"
    for name, secret in (keys or {}).items():
        text += f'[[key]]\nname = "{name}"\nalgorithm = "hmac-sha256"\nsecret = "{secret}"\n'
    for name, file in zones.items():
        text += f'[[zone]]\nname = "{name}"\nfile = "{file}"\n'
        for key, value in {"transfer": "0.0.0.0/0", **(lists or {}).get(name, {})}.items():
            text += f'{key} = ["{value}"]\n'
    path = folder / "dns.toml"
    path.write_text(text)
    return path


class Server:
    """Knot or NSD, in the foreground."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def wait_until_it_answers(self, inside, address, port, zone, patience=60):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            asked = subprocess.run(inside(["dig", "+tries=1", "+time=1", f"@{address}", "-p", str(port), zone, "SOA"]),
                                   capture_output=True, text=True, check=False)
            if "status: NOERROR" in asked.stdout and "ANSWER: 1" in asked.stdout:
                return
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            time.sleep(0.05)
        raise AssertionError(f"no answer: {self.log.read_text(errors='replace')}")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def knot_command(folder, zones, address, port):
    """Writes a configuration below `folder`; the command line."""
    folder = folder / "knot"
    folder.mkdir()
    text = f"""
server:
    rundir: "{folder}"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
acl:
  - id: anyone
    address: 0.0.0.0/0
    action: transfer
template:
  - id: default
    storage: "{folder}"
    semantic-checks: off
    zonefile-load: whole
    journal-content: none
    acl: anyone
zone:
"""
    for name, file in zones.items():
        text += f'  - domain: {name}\n    file: "{file}"\n'
    (folder / "knot.conf").write_text(text)
    return ["knotd", "-c", str(folder / "knot.conf")]


NSD_DOES_NOT_READ = ["GPOS", "HIP", "TALINK"]
KNOT_DOES_NOT_READ = [*NSD_DOES_NOT_READ, "MD", "MF", "MB", "MG", "MR", "WKS", "X25", "ISDN", "NSAP", "PX", "DLV"]


def start_knot(inside, folder, zones, address="127.0.0.1", port=5301):
    zones = zones | (rare_zone(folder, "knot", KNOT_DOES_NOT_READ) if "rare.test" in zones else {})
    return Server(inside(knot_command(folder, zones, address, port)), folder / "knot" / "log")


def nsd_command(folder, zones, address, port):
    """Writes a configuration below `folder`; the command line."""
    folder = folder / "nsd"
    folder.mkdir()
    text = f"""
server:
    server-count: 1
    ip-address: {address}@{port}
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/pid"
    xfrdfile: "{folder}/xfrd"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/list"
    hide-version: no
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    answer-cookie: no
    minimal-responses: yes
    refuse-any: no
remote-control:
    control-enable: no
"""
    for name, file in zones.items():
        text += f'zone:\n    name: {name}\n    zonefile: "{file}"\n    provide-xfr: 0.0.0.0/0 NOKEY\n'
    (folder / "nsd.conf").write_text(text)
    return ["nsd", "-d", "-c", str(folder / "nsd.conf")]


def start_nsd(inside, folder, zones, address="127.0.0.1", port=5302):
    zones = zones | (rare_zone(folder, "nsd", NSD_DOES_NOT_READ) if "rare.test" in zones else {})
    return Server(inside(nsd_command(folder, zones, address, port)), folder / "nsd" / "log")

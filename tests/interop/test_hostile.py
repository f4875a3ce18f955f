"""The web image under attack: nmap, hping3, thc-ipv6 and frames of our own. It lives on, keeps serving, stays small, and counts what
it drops under a name that says why. One instance is attacked by all of them, one after another, as on a real network."""

import shutil
import subprocess
import sys

import pytest

from tests.interop.attacks.link import GUEST4, GUEST6, HOST6
from tests.support.victim import Victim


@pytest.fixture
def victim(lan, start):
    pytest.importorskip("scapy")
    lan.ip("addr", "add", f"{HOST6}/64", "dev", "tap0", "nodad")
    instance = start("web", "--net", f"lan=tap0,ip={GUEST4}/24,ip6={GUEST6}/64", inside=lan)
    instance.wait_for("listening")
    made = Victim(lan, instance, (GUEST4, f"[{GUEST6}]"))
    made.check("the start")
    return made


def run(victim, *words, seconds=200):
    """A program inside the namespace; it must say that it has done what it was to do."""
    done = victim.lan.run(*words, timeout=seconds, cwd=victim.root)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def module(name):
    return sys.executable, "-B", "-m", f"tests.interop.attacks.{name}"


def test_frames_that_are_wrong_are_counted_by_why(victim):
    assert "kinds of frames" in run(victim, *module("datagrams"))
    victim.check("wrong frames")


def test_connections_survive_who_is_not_their_peer_and_bound_who_is(victim):
    assert "done" in run(victim, *module("streams"))
    victim.check("attacks on TCP")


def flood(victim, counter, *words):
    """A tool that floods until it is ended; what it sends must be counted. A busy machine gives it longer."""
    before = victim.counts()
    program = shutil.which(words[0])
    if program is None:
        pytest.skip(f"{words[0]} is not installed")
    for seconds in (0.5, 2, 10, 30):
        done = victim.lan.run("timeout", "-s", "KILL", seconds, program, *words[1:])
        victim.check(" ".join(words))
        after = victim.counts()
        if after[counter] > before[counter]:
            return
    pytest.fail(f"{' '.join(words)}: {counter} has not risen, but {[name for name in after if after[name] != before[name]]}\n"
                f"{done.stdout}{done.stderr}")


FLOODS = [
    ("bad_option", "atk6-denial6", "tap0", GUEST6, "2"),
    ("disabled", "atk6-flood_router26", "tap0"),
    ("truncated", "atk6-flood_router26", "-F", "tap0"),
    ("unsolicited", "atk6-flood_advertise6", "tap0", GUEST6),
    ("rate_limited", "atk6-flood_solicitate6", "tap0", GUEST6),
    ("not_for_us", "atk6-flood_redir6", "tap0", GUEST6),
    ("unsolicited", "atk6-flood_unreach6", "tap0", GUEST6),
    ("not_for_us", "atk6-flood_mld26", "tap0"),
    ("bad_source", "atk6-smurf6", "tap0", GUEST6),
    ("bad_source", "atk6-rsmurf6", "tap0", GUEST6),
    ("cookies_sent", "atk6-thcsyn6", "tap0", GUEST6, "80"),
    ("bad_option", "atk6-fuzz_ip6", "-a", "-FSDH", "tap0", GUEST6),
    ("bad_option", "atk6-fuzz_ip6", "-a", "-x", "-4", "tap0", GUEST6),
    ("unknown_protocol", "atk6-randicmp6", "-p", "tap0", GUEST6),
    ("overlap", "atk6-exploit6", "tap0", GUEST6),
    ("ignored", "hping3", "-q", "--flood", "-X", "-Y", "-p", "80", GUEST4),
    ("reassembly_full", "hping3", "-q", "--flood", "-x", "-d", "100", "-p", "80", GUEST4),
    ("resets_out", "hping3", "-q", "--flood", "--rand-source", "-S", "-p", "81", GUEST4),
]


@pytest.mark.long
def test_floods_of_thc_ipv6_and_hping3(victim):
    for counter, *words in FLOODS:
        flood(victim, counter, *words)


def test_implementation_checks_of_thc_ipv6(victim):
    """Each waits for an answer that mostly does not come: all at once, they take the time of one."""
    if shutil.which("atk6-implementation6") is None:
        pytest.skip("thc-ipv6 is not installed")
    for program, last in (("implementation6", 58), ("fragmentation6", 33)):
        victim.lan.run("sh", "-c", f"for n in $(seq 1 {last}); do timeout 5 atk6-{program} -p tap0 {GUEST6} $n >/dev/null 2>&1 & done; wait")
        victim.check(program)


@pytest.mark.long
def test_nmap_finds_one_port_and_does_no_harm(victim):
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed")
    scans = [["-sS", "-sU", "-p", "T:79,80,81,U:53"], ["-sF", "-p", "80"], ["-sN", "-p", "80"], ["-sX", "-p", "80"], ["-sM", "-p", "80"],
             ["-sO", "-p", "1,6,17,253"], ["-sS", "-f", "-p", "80"], ["-O", "-p", "80,81"], ["-6", "-sS", "-p", "79,80"], ["-6", "-O", "-p", "79,80"]]
    found = {}
    for words in scans:
        found[" ".join(words)] = run(victim, "nmap", "-n", "-Pn", "-T5", "--max-retries", "1", *words, GUEST6 if "-6" in words else GUEST4)
        victim.check(f"nmap {words}")
    assert "80/tcp open" in found["-sS -sU -p T:79,80,81,U:53"] and "81/tcp closed" in found["-sS -sU -p T:79,80,81,U:53"]
    assert "53/udp closed" in found["-sS -sU -p T:79,80,81,U:53"]
    assert "80/tcp open" in found["-6 -sS -p 79,80"]
    assert "open|filtered" in found["-sF -p 80"] and "open|filtered" in found["-sX -p 80"]


@pytest.mark.long
def test_a_dhcp_server_that_lies_gets_nowhere_until_it_does_not(lan, start):
    pytest.importorskip("scapy")
    server = subprocess.Popen(lan.command(*module("dhcp_liar")), cwd=Victim.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
    try:
        instance = start("web", "--net", "lan=tap0,ip=dhcp,ip6=off", inside=lan)
        said, _ = server.communicate(timeout=150)
        assert said == "leased\n", said + instance.output()
        Victim(lan, instance, ("10.77.0.50",)).check("a lying server")
        for address in ("10.77.0.66", "10.77.0.99"):
            assert lan.run("curl", "-s", "-m", "1", f"http://{address}/healthz").returncode != 0
    finally:
        server.kill()
        server.wait()

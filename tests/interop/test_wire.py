"""What an image sends, as tshark judges it: whole checksums after a hop without offloads, and no malformed frame."""

import dataclasses
import json
import shutil
import subprocess
import sys
import textwrap

import pytest

from tests.support.waiting import until


@dataclasses.dataclass(frozen=True)
class Family:
    """Addresses of one IP family, its words in tshark's filters, and what its messages are called."""
    guest: str
    host: str
    near: str
    far: str
    bits: int
    option: str         # of ip(8)
    forwarding: str
    addresses: str      # of the instance: --net
    page: str           # the host part of a URL
    ip: str             # the protocol's name
    unreachable: str    # nobody listens on this port
    echo_reply: str
    neighbours: str     # what the image says of its MAC address
    socket: str
    whole: int          # bytes of the longest datagram that is not cut

    def __str__(self):
        return self.ip


V4 = Family(guest="10.77.0.2", host="10.77.0.1", near="10.78.0.1", far="10.78.0.2", bits=24, option="-4",
            forwarding="/proc/sys/net/ipv4/ip_forward", addresses="ip=10.77.0.2/24,gw=10.77.0.1", page="10.77.0.2", ip="ip",
            unreachable="icmp.type == 3 && icmp.code == 3", echo_reply="icmp.type == 0", neighbours="arp.src.proto_ipv4 == 10.77.0.2",
            socket="AF_INET", whole=1472)
V6 = Family(guest="fd00:77::2", host="fd00:77::1", near="fd00:78::1", far="fd00:78::2", bits=64, option="-6",
            forwarding="/proc/sys/net/ipv6/conf/all/forwarding", addresses="ip=off,ip6=fd00:77::2/64,gw6=fd00:77::1",
            page="[fd00:77::2]", ip="ipv6", unreachable="icmpv6.type == 1 && icmpv6.code == 4", echo_reply="icmpv6.type == 129",
            neighbours="ipv6.src == fd00:77::2 && (icmpv6.type == 135 || icmpv6.type == 136)", socket="AF_INET6", whole=1452)


@pytest.fixture(params=(V4, V6), ids=str)
def family(request, lan):
    if request.param is V6:
        if lan.run("test", "-e", "/proc/net/if_inet6").returncode != 0:
            pytest.skip("this machine's kernel has no IPv6")
        lan.ip("addr", "add", f"{V6.host}/{V6.bits}", "dev", "tap0", "nodad")
    return request.param


@pytest.fixture
def beyond(lan, family):
    """A second namespace behind a router (the first one) whose link computes nothing in hardware: each checksum that an
    image left to the virtio-net header has been finished by the kernel before it is captured here."""
    for program in ("tshark", "tcpdump", "ethtool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    far = type(lan)(lan.folder)
    try:
        lan.ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", far.name)
        nodad = ["nodad"] if family is V6 else []
        lan.ip("addr", "add", f"{family.near}/{family.bits}", "dev", "near", *nodad)
        lan.ip("link", "set", "near", "up")
        far.ip("addr", "add", f"{family.far}/{family.bits}", "dev", "far", *nodad)
        far.ip("link", "set", "far", "up")
        far.ip(family.option, "route", "add", "default", "via", family.near)
        assert lan.run("sh", "-c", f"echo 1 >{family.forwarding}").returncode == 0
        for namespace, device in ((lan, "near"), (far, "far")):
            off = namespace.run("ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
            assert off.returncode == 0, off.stderr
        yield far
    finally:
        far.close()


class Capture:
    def __init__(self, namespace, device, file):
        self.namespace, self.device, self.file = namespace, device, file
        self.process = subprocess.Popen(namespace.command("tcpdump", "-i", device, "-U", "--immediate-mode", "-s", "0", "-w", file),
                                        stderr=subprocess.PIPE, text=True)
        assert "listening on" in self.process.stderr.readline()

    def stop(self):
        """When all that came before is in the file: a last frame, which no protocol has, says so."""
        until(lambda: self.process.poll() is None and self.mark() in self.file.read_bytes(), "the last frame")
        self.process.terminate()
        self.process.wait(60)

    def mark(self):
        mark = b"the last frame"
        send = ("import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((sys.argv[1], 0)); "
                "s.send(b'\\2' * 12 + b'\\x88\\xb5' + sys.argv[2].encode().ljust(46))")
        sent = self.namespace.run(sys.executable, "-c", send, self.device, mark.decode())
        assert sent.returncode == 0, sent.stderr
        return mark

    def frames(self, condition, *fields):
        """One list of fields for each captured frame that meets a display filter."""
        check = [word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")]
        # Requests to a port that nobody registered are not HTTP, and an echo on port 7 is nothing at all to tshark.
        result = subprocess.run(["tshark", "-n", "-r", self.file, *check, "-Y", condition, "-T", "json",
                                 *[word for field in fields for word in ("-e", field)]], capture_output=True, text=True, check=False,
                                timeout=120)
        assert result.returncode == 0, result.stderr
        return [frame["_source"].get("layers", {}) for frame in json.loads(result.stdout or "[]")]


SPOILED = ("_ws.malformed || _ws.expert.severity >= error || ip.checksum.status == bad || tcp.checksum.status == bad"
           " || udp.checksum.status == bad || icmp.checksum.status == bad || icmpv6.checksum.status == bad")


# Nothing is lost on this link. What is sent again because an answer took its time (a machine that is busy) comes after a timer:
# a tail loss probe waits for 5 ms at least.
SHORTEST_TIMER = 0.004


def unexplained_retransmissions(capture, condition):
    assert not capture.frames(f"{condition} && (tcp.analysis.fast_retransmission || tcp.analysis.out_of_order)", "frame.number")
    again = capture.frames(f"{condition} && tcp.analysis.retransmission", "frame.number", "tcp.analysis.rto")
    return [frame for frame in again if float(frame.get("tcp.analysis.rto", ["0"])[0]) < SHORTEST_TIMER]


def test_tcp_and_icmp_of_the_web_image_are_well_formed(lan, family, beyond, start, keep):
    instance = start("web", "--net", f"lan=tap0,{family.addresses}", inside=lan)
    lan.wait_for_page(instance, f"http://{family.page}/healthz")
    capture = Capture(beyond, "far", keep / "far.pcap")
    url = f"http://{family.page}"
    for words in (["/"], ["/static/large.bin"], ["-r", "5-70000", "/static/large.bin"], ["-I", "/"], ["/nowhere"],
                  ["-d", '{"name": "' + "b" * 3000 + '"}', "-H", "Content-Type: application/json", "/api/items"]):
        done = beyond.run("curl", "-gsS", "-o", "/dev/null", "-m", "60", *words[:-1], url + words[-1])
        assert done.returncode == 0, done.stderr
    assert beyond.run("curl", "-gs", "-m", "60", f"http://{family.page}:81/").returncode == 7  # refused: a reset
    ping = beyond.run("ping", "-c", "5", "-i", "0.2", "-s", "56", family.guest)
    assert " 0% packet loss" in ping.stdout, ping.stdout
    fragments = beyond.run("ping", "-c", "3", "-i", "0.2", "-s", "9000", family.guest)
    assert " 0% packet loss" in fragments.stdout, fragments.stdout
    refused = beyond.run(sys.executable, "-c", textwrap.dedent("""
        import socket, sys
        s = socket.socket(getattr(socket, sys.argv[2]), socket.SOCK_DGRAM)
        s.settimeout(5)
        s.connect((sys.argv[1], 9999))
        for attempt in range(12):
            try:
                s.send(b"nobody")
                s.recv(100)
            except ConnectionRefusedError:
                sys.exit(0)
            except TimeoutError:
                pass
        sys.exit("nobody said that nobody listens")
    """), family.guest, family.socket, timeout=100)
    assert refused.returncode == 0, refused.stderr
    capture.stop()
    from_image = f"{family.ip}.src == {family.guest}"
    checksums = ["tcp.checksum.status"] + (["ip.checksum.status"] if family is V4 else [])  # IPv6 has none of its own
    sent = capture.frames(f"{from_image} && tcp.len > 0", *checksums)
    assert len(sent) > 700  # a megabyte in segments of one frame each
    assert all(frame == {checksum: ["1"] for checksum in checksums} for frame in sent)
    assert capture.frames(f"{from_image} && tcp.flags.reset == 1 && tcp.srcport == 81")
    assert capture.frames(f"{from_image} && {family.unreachable}")
    assert len(capture.frames(f"{from_image} && {family.echo_reply}")) >= 8
    assert not capture.frames(f"{from_image} && ({SPOILED})", "frame.number", "_ws.expert.message", "_ws.col.Info")
    assert not unexplained_retransmissions(capture, from_image)
    assert instance.stop() == 0


def test_udp_and_neighbours_of_the_echo_image_are_well_formed(lan, family, beyond, start, keep):
    start("echo", "--net", f"lan=tap0,{family.addresses}", inside=lan).wait_for("listening")
    beyond.run("ethtool", "-K", "far", "tx", "on", "gso", "on", "tx-udp-segmentation", "on")  # a row goes as one frame
    at_tap, capture = Capture(lan, "tap0", keep / "tap.pcap"), Capture(beyond, "far", keep / "far.pcap")
    echoed = beyond.run(sys.executable, "-c", textwrap.dedent("""
        import socket, sys
        s = socket.socket(getattr(socket, sys.argv[2]), socket.SOCK_DGRAM)
        s.settimeout(20)
        s.connect((sys.argv[1], 7))
        for size in (0, 1, 2, 17, 1000, int(sys.argv[3]), int(sys.argv[3]) + 1, 8000):  # the last two travel in fragments
            message = bytes(i * 31 % 256 for i in range(size))
            for attempt in range(3):
                s.send(message)
                try:
                    assert s.recv(65536) == message, size
                    break
                except TimeoutError:
                    pass
            else:
                sys.exit(f"no echo of {size} bytes")
        # A row of datagrams in one call (UDP_SEGMENT): one frame for the image, whose answers leave as one frame too.
        s.setsockopt(17, 103, 200)
        row = [bytes([i]) * 200 for i in range(29)] + [bytes([29]) * 7]
        for attempt in range(3):
            s.send(b"".join(row))
            try:
                assert [s.recv(65536) for _ in row] == row
                break
            except TimeoutError:
                pass
        else:
            sys.exit("no echo of a row")
    """), family.guest, family.socket, family.whole)
    assert echoed.returncode == 0, echoed.stdout + echoed.stderr
    at_tap.stop()
    capture.stop()
    from_image = f"{family.ip}.src == {family.guest}"
    sent = capture.frames(f"{from_image} && udp", "udp.checksum.status")
    assert len(sent) >= 8
    assert all(frame.get("udp.checksum.status") == ["1"] for frame in sent)
    assert not capture.frames(f"{from_image} && ({SPOILED})", "frame.number", "_ws.expert.message")
    row = f"udp.length == {8 + 29 * 200 + 7} && {family.ip}"
    if at_tap.frames(f"{row}.dst == {family.guest}", "frame.number"):  # this Linux has such frames
        assert at_tap.frames(f"{row}.src == {family.guest}", "frame.number")
    assert len(capture.frames(f"{from_image} && udp.length == 208", "frame.number")) >= 29
    assert at_tap.frames(family.neighbours, "frame.number")
    assert not at_tap.frames("(arp || icmpv6) && (_ws.malformed || _ws.expert.severity >= error)", "frame.number")

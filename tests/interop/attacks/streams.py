"""Attacks on TCP connections: on one of the kernel's from outside, and by peers that do not play fair. Run inside the namespace."""

import socket
import sys
import time

from scapy.all import ARP, IP, TCP, Ether, conf

from tests.interop.attacks.link import GUEST4, HOST4, Link

conf.verb = 0
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
DOWNLOAD = b"GET /static/large.bin HTTP/1.1\r\nHost: x\r\n\r\n"


def heard(link, matches, seconds=60):
    """The next frame on the tap that meets a condition, or None."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        link.raw.settimeout(left)
        try:
            frame = Ether(link.raw.recv(65536))
        except TimeoutError:
            return None
        if matches(frame):
            return frame
    return None


def drain(link):
    link.raw.setblocking(False)
    try:
        while link.raw.recv(65536):
            pass
    except BlockingIOError:
        pass
    link.raw.setblocking(True)


def spoof_a_connection(link):
    """A request is answered; then others pretend to be one of the two ends; then the next request is answered too. (Not half a
    request and the other half: the server waits for that for 10 s only.)"""
    drain(link)
    victim = socket.create_connection((GUEST4, 80), timeout=60)
    port = victim.getsockname()[1]
    victim.sendall(REQUEST.replace(b"close", b"keep-alive"))
    last = heard(link, lambda f: TCP in f and f[IP].src == GUEST4 and f[TCP].dport == port and bytes(f[TCP].payload).endswith(b"\r\n\r\nok\n"))
    assert last is not None, "no answer was seen"
    # What the image expects next, and what it will send.
    theirs, ours = last[TCP].ack, (last[TCP].seq + len(last[TCP].payload)) % 2**32
    assert victim.recv(65536).endswith(b"ok\n")
    stamps = dict(option[:2] for option in last[TCP].options if len(option) == 2).get("Timestamp", (0, 0))

    def inject(flags, seq, ack=ours, payload=b"", stamp=stamps[1] + 1):
        options = [("NOP", None), ("NOP", None), ("Timestamp", (stamp % 2**32, stamps[0]))]
        link.send(Ether(src=link.host_mac, dst=link.guest_mac) / IP(src=HOST4, dst=GUEST4)
                  / TCP(sport=port, dport=80, flags=flags, seq=seq % 2**32, ack=ack % 2**32, window=500, options=options) / payload)

    with link.expect("a reset outside of the window", "tcp_events.out_of_window"):
        inject("R", theirs - 100000)
    with link.expect("a reset inside of the window (RFC 5961)", "tcp_events.challenge_acks"):
        inject("R", theirs + 1000)
    time.sleep(0.1)
    with link.expect("a SYN inside of the window (RFC 5961)", "tcp_events.challenge_acks"):
        inject("S", theirs + 5)
    with link.expect("an acknowledgment of what was not sent", "tcp_events.bad_acknowledgment"):
        inject("A", theirs, ours + 5_000_000)
    with link.expect("data with an acknowledgment from long ago", "tcp_events.bad_acknowledgment"):
        inject("PA", theirs, ours - 2_000_000_000, b"\r\n\r\n")
    with link.expect("data from before (PAWS)", "tcp_events.stale_timestamp"):
        inject("PA", theirs, payload=b"injected", stamp=stamps[1] - 100_000)
    with link.expect("a storm of acknowledgments", "tcp_events.segments_in", 500):
        for _ in range(500):
            inject("A", theirs - 1)
    victim.sendall(REQUEST)
    reply = b""
    while chunk := victim.recv(65536):
        reply += chunk
    assert reply.startswith(b"HTTP/1.1 200"), f"the connection was harmed: {reply[:100]}"


class Peer:
    """A client of our own at an address of its own, which the kernel knows nothing about."""

    ADDRESS, MAC = "10.77.0.99", "02:00:00:00:00:99"
    next_port = 20000

    def __init__(self, link, window=65535, mss=1460):
        self.link = link
        self.port = Peer.next_port
        Peer.next_port += 1
        self.seq = 1000
        self.ack = 0
        self.send("S", window=window, options=[("MSS", mss)])
        answer = self.hear(lambda t: t.flags == "SA")
        assert answer is not None, "no SYN-ACK"
        self.seq += 1
        self.ack = answer.seq + 1
        self.send("A", window=window)

    @classmethod
    def appear(cls, link):
        link.send(Ether(src=cls.MAC, dst=link.guest_mac) / ARP(op=1, hwsrc=cls.MAC, psrc=cls.ADDRESS, pdst=GUEST4))

    def send(self, flags, payload=b"", **fields):
        self.link.send(Ether(src=self.MAC, dst=self.link.guest_mac) / IP(src=self.ADDRESS, dst=GUEST4)
                       / TCP(**{"sport": self.port, "dport": 80, "flags": flags, "seq": self.seq, "ack": self.ack, **fields}) / payload)
        self.seq += len(payload)

    def hear(self, matches=lambda t: True, seconds=60):
        frame = heard(self.link, lambda f: TCP in f and f[IP].src == GUEST4 and f[TCP].dport == self.port and matches(f[TCP]), seconds)
        return frame and frame[TCP]


def peers_that_do_not_play_fair(link):
    Peer.appear(link)
    drain(link)
    # Who asks for a megabyte and closes its window: the image probes, and keeps no more than its bound for each.
    closed = [Peer(link) for _ in range(100)]
    for peer in closed:
        peer.send("PA", DOWNLOAD, window=0)
    # Optimistic: what has not come yet is acknowledged, so that the sender would run ahead of the network.
    greedy = Peer(link)
    with link.expect("optimistic acknowledgments", "tcp_events.bad_acknowledgment"):
        greedy.send("PA", DOWNLOAD)
        assert greedy.hear(lambda t: len(t.payload) > 0) is not None
        greedy.send("A", ack=(greedy.ack + 900_000) % 2**32)
    # A window that shrinks to what is on its way, and then to less (RFC 9293, MUST-34).
    shrinking = Peer(link)
    shrinking.send("PA", DOWNLOAD, window=20000)
    assert shrinking.hear(lambda t: len(t.payload) > 0) is not None
    for window in (10000, 5000, 100, 1, 0):
        shrinking.send("A", window=window)
    # A silly window: 7 bytes at a time must not become segments of 7 bytes.
    silly = Peer(link, window=7)
    silly.send("PA", DOWNLOAD, window=7)
    small = {segment.seq for segment in (silly.hear(lambda t: len(t.payload) > 0, 0.3) for _ in range(5)) if segment}
    assert len(small) <= 1, f"{len(small)} small segments without an acknowledgment"
    # The smallest MSS there is.
    tiny = Peer(link, mss=1)
    tiny.send("PA", REQUEST)
    answer = tiny.hear(lambda t: len(t.payload) > 0)
    assert answer is not None and len(answer.payload) >= 48, "an MSS of 1 byte was believed"
    # Bytes out of order, each alone, over and over: bounded, and the request is answered when the gap is filled.
    scattered = Peer(link)
    text = REQUEST
    for _ in range(3):
        for at in range(1, len(text), 2):
            scattered.send("PA", text[at:at + 1], seq=scattered.seq + at)
            scattered.seq -= 1
    start = scattered.seq
    scattered.send("PA", text, seq=start)
    assert scattered.hear(lambda t: bytes(t.payload).startswith(b"HTTP/1.1 200")) is not None, "no answer to what came in pieces"


def main():
    link = Link()
    spoof_a_connection(link)
    peers_that_do_not_play_fair(link)
    print("done")


if __name__ == "__main__":
    sys.exit(main())

"""Pings and SYNs with and without the tag of a VLAN: prints what is answered, as "tag protocol" lines. Run inside the namespace.

tagged MAC COUNT: asks again until there are so many different answers."""

import sys
import threading
import time

from scapy.all import ARP, ICMP, IP, TCP, AsyncSniffer, Dot1Q, Ether, conf, sendp

from tests.interop.attacks.link import GUEST4, Link

conf.verb = 0
MAC = "02:00:00:00:00:55"
TAGS = (None, 0, 10, 11)


SOURCES = {f"10.77.0.{50 + number}": tag for number, tag in enumerate(TAGS)}  # so that answers say what they answer


def ask(guest_mac):
    for source, tag in SOURCES.items():
        def frame(payload, to=guest_mac, _tag=tag):
            return Ether(src=MAC, dst=to) / payload if _tag is None else Ether(src=MAC, dst=to) / Dot1Q(vlan=_tag) / payload

        sendp([frame(ARP(op=1, hwsrc=MAC, psrc=source, pdst=GUEST4), to="ff:ff:ff:ff:ff:ff"),
               frame(IP(src=source, dst=GUEST4) / ICMP(id=7) / b"0123456789"),
               frame(IP(src=source, dst=GUEST4) / TCP(sport=1000, dport=80, flags="S"))], iface="tap0")


def main(guest_mac, expected):
    own = Link.own_mac("tap0")
    found = set()

    def look(answer):
        seen = answer[Dot1Q].vlan if Dot1Q in answer else "untagged"
        if ARP in answer and answer[ARP].op == 2:
            found.add(f"{SOURCES.get(answer[ARP].pdst)} {seen} arp")
        if IP in answer:
            found.add(f"{SOURCES.get(answer[IP].dst)} {seen} {'tcp' if TCP in answer else 'ping'}")

    listening = threading.Event()
    sniffer = AsyncSniffer(iface="tap0", lfilter=lambda f: f.src == guest_mac and f.src != own, prn=look, store=False,
                           started_callback=listening.set)
    sniffer.start()
    listening.wait(60)
    deadline = time.monotonic() + 60
    while len(found) < expected and time.monotonic() < deadline:
        ask(guest_mac)
        time.sleep(1)  # for what is not expected too
    sniffer.stop()
    print(*sorted(found), sep="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))

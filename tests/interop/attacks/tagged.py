"""Pings and SYNs with and without the tag of a VLAN: prints what is answered, as "tag protocol" lines. Run inside the namespace."""

import sys
import time

from scapy.all import ARP, ICMP, IP, TCP, AsyncSniffer, Dot1Q, Ether, conf, sendp

from tests.interop.attacks.link import GUEST4, Link

conf.verb = 0
MAC = "02:00:00:00:00:55"
TAGS = (None, 0, 10, 11)


def main(guest_mac):
    own = Link.own_mac("tap0")
    sniffer = AsyncSniffer(iface="tap0", lfilter=lambda f: f.src == guest_mac and f.src != own)
    sniffer.start()
    time.sleep(0.3)
    sources = {}
    for number, tag in enumerate(TAGS):  # each has an address of its own, so that answers say what they answer
        source = f"10.77.0.{50 + number}"
        sources[source] = tag

        def frame(payload, to=guest_mac, _tag=tag):
            return Ether(src=MAC, dst=to) / payload if _tag is None else Ether(src=MAC, dst=to) / Dot1Q(vlan=_tag) / payload

        sendp([frame(ARP(op=1, hwsrc=MAC, psrc=source, pdst=GUEST4), to="ff:ff:ff:ff:ff:ff"),
               frame(IP(src=source, dst=GUEST4) / ICMP(id=7) / b"0123456789"),
               frame(IP(src=source, dst=GUEST4) / TCP(sport=1000, dport=80, flags="S"))], iface="tap0")
    time.sleep(1)
    for answer in sniffer.stop():
        seen = answer[Dot1Q].vlan if Dot1Q in answer else "untagged"
        if ARP in answer and answer[ARP].op == 2:
            print(sources.get(answer[ARP].pdst), seen, "arp")
        if IP in answer:
            print(sources.get(answer[IP].dst), seen, "tcp" if TCP in answer else "ping")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

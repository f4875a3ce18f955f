"""Hosts behind the VLANs of a trunk, for kernels that know none. Run inside the trunk's namespace.

vlan_hosts.py serve DEVICE TAG…: 10.0.TAG.2 and fd00:TAG::2 (TAG as it is written) answer ARP, neighbour solicitations and pings, and
tell who sends a datagram to port 7, be it to another address too, by which TAG it came. Prints "there" when it listens.
vlan_hosts.py send DEVICE TAG ROUTER-MAC SOURCE TARGET: three datagrams to port 7."""

import sys
import threading

from scapy.all import ARP, ICMP, IP, UDP, AsyncSniffer, Dot1Q, Ether, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, \
    ICMPv6NDOptDstLLAddr, IPv6, Raw, conf, sendp

conf.verb = 0
MAC = "02:00:00:00:00:77"


def answer(frame, tag):
    own4, own6 = f"10.0.{tag}.2", f"fd00:{tag}::2"
    if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst == own4:
        return ARP(op=2, hwsrc=MAC, psrc=own4, hwdst=frame.src, pdst=frame[ARP].psrc)
    if ICMPv6ND_NS in frame and frame[ICMPv6ND_NS].tgt == own6:
        return IPv6(src=own6, dst=frame[IPv6].src, hlim=255) / ICMPv6ND_NA(R=0, S=1, O=1, tgt=own6) / ICMPv6NDOptDstLLAddr(lladdr=MAC)
    if ICMP in frame and frame[ICMP].type == 8 and frame[IP].dst == own4:
        return IP(src=own4, dst=frame[IP].src) / ICMP(type=0, id=frame[ICMP].id, seq=frame[ICMP].seq) / frame[ICMP].payload
    if ICMPv6EchoRequest in frame and frame[IPv6].dst == own6:
        asked = frame[ICMPv6EchoRequest]
        return IPv6(src=own6, dst=frame[IPv6].src) / ICMPv6EchoReply(id=asked.id, seq=asked.seq, data=asked.data)
    if UDP in frame and IP in frame and frame[UDP].dport == 7:
        return IP(src=frame[IP].dst, dst=frame[IP].src) / UDP(sport=7, dport=frame[UDP].sport) / Raw(str(tag).encode())
    return None


def serve(device, *tags):
    tags = {int(tag) for tag in tags}
    listening = threading.Event()

    def hear(frame):
        tag = frame[Dot1Q].vlan
        if tag in tags and frame.src != MAC and (said := answer(frame, tag)):
            sendp(Ether(src=MAC, dst=frame.src) / Dot1Q(vlan=tag) / said, iface=device)

    sniffer = AsyncSniffer(iface=device, lfilter=lambda frame: Dot1Q in frame, prn=hear, store=False, started_callback=listening.set)
    sniffer.start()
    listening.wait(60)
    print("there", flush=True)
    sniffer.join()


def send(device, tag, router, source, target):
    sendp([Ether(src=MAC, dst=router) / Dot1Q(vlan=int(tag)) / IP(src=source, dst=target) / UDP(sport=7, dport=7) / b"x"] * 3,
          iface=device)


if __name__ == "__main__":
    {"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:])

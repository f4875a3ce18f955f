"""Frames and datagrams that are wrong, each with the reason under which the image must count it. Run inside the namespace."""

import sys

from scapy.all import (ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6MLQuery, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr,
                       ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6TimeExceeded, IPOption, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, HBHOptUnknown, Jumbo, PadN,
                       Pad1, Raw, conf)

from tests.interop.attacks.link import GUEST4, GUEST6, HOST4, HOST6, Link

conf.verb = 0
LINKED = "fe80::bad"


def ipv4(link):
    def packet(**fields):
        return Ether(src=link.host_mac, dst=link.guest_mac) / IP(**{"src": HOST4, "dst": GUEST4, **fields})

    ping = ICMP(id=7, seq=1) / b"0123456789abcdef"
    udp = UDP(sport=4000, dport=9) / b"payload"
    yield "a frame to somebody else", "not_for_us", Ether(src=link.host_mac, dst="02:00:00:00:00:77") / IP(src=HOST4, dst=GUEST4) / ping
    yield "an unknown EtherType", "unknown_ether_type", Ether(src=link.host_mac, dst=link.guest_mac, type=0x9999) / (b"?" * 50)
    yield "a VLAN that is none of ours", "not_for_us", (Ether(src=link.host_mac, dst=link.guest_mac) / Dot1Q(vlan=5)
                                                        / IP(src=HOST4, dst=GUEST4) / ping)
    yield "version 5", "bad_version", packet(version=5) / ping
    yield "a header of 16 bytes", "bad_length", packet(ihl=4) / ping
    yield "a length beyond the frame", "truncated", packet(len=1400) / ping
    yield "a wrong header checksum", "bad_checksum", packet(chksum=1) / ping
    yield "a source route", "source_route", packet(options=[IPOption(b"\x83\x07\x04\x0a\x4d\x00\x01\x00")]) / ping
    yield "an option that ends beyond the header", "bad_option", packet(options=[IPOption(b"\x44\x28\x05\x00")]) / ping
    yield "our own address as a source (land)", "bad_source", packet(src=GUEST4) / TCP(sport=80, dport=80, flags="S")
    yield "a loopback source", "bad_source", packet(src="127.0.0.1") / ping
    yield "a group as a source", "bad_source", packet(src="224.0.0.1") / ping
    yield "the broadcast address as a source (smurf)", "bad_source", packet(src="10.77.0.255") / ping
    yield "a ping to everybody", "not_for_us", (Ether(src=link.host_mac, dst="ff:ff:ff:ff:ff:ff")
                                                / IP(src=HOST4, dst="10.77.0.255") / ping)
    yield "an unknown protocol", "unknown_protocol", packet(proto=253) / b"what?"
    yield "a ping with a wrong checksum", "bad_checksum", packet() / ICMP(id=7, chksum=1) / b"0123456789"
    yield "a reply to no ping", "unsolicited", packet() / ICMP(type=0, id=9) / b"0123456789"
    yield "UDP with a wrong checksum", "bad_checksum", packet() / UDP(sport=4000, dport=9, chksum=1) / b"payload"
    yield "UDP that is longer than it is", "truncated", packet() / UDP(sport=4000, dport=9, len=900) / b"payload"
    yield "UDP shorter than its header", "bad_length", packet() / UDP(sport=4000, dport=9, len=5) / b"payload"
    yield "UDP that nobody wants", "no_socket", packet() / udp
    # Fragments.
    whole = bytes(packet(id=77) / ICMP(id=7) / bytes(64))[34:]
    first = packet(id=77, flags="MF", proto=1) / whole[:32]
    yield "an overlap (teardrop)", "overlap", [first, packet(id=77, frag=2, proto=1) / bytes(40)]
    yield "a last fragment before the end of another", "overlap", [packet(id=78, flags="MF", frag=4, proto=1) / bytes(32),
                                                                   packet(id=78, frag=1, proto=1) / bytes(8)]
    yield "a fragment that leads beyond 65,535 (ping of death)", "bad_length", packet(id=79, frag=8190, proto=1) / bytes(100)
    yield "a fragment of 9 bytes with more to come", "bad_length", packet(id=80, flags="MF", proto=1) / bytes(9)
    yield "fragments that never become whole", "reassembly_full", [packet(id=1000 + i, flags="MF", proto=17) / bytes(8)
                                                                   for i in range(40)]
    # Errors that lie.
    ours = IP(src=GUEST4, dst=HOST4)
    sent = bytes(ours / TCP(sport=80, dport=61234, seq=12345, flags="A"))
    yield "an error about somebody else's packet", "not_for_us", packet() / ICMP(type=3, code=1) / bytes(IP(src="10.77.0.9", dst=HOST4) / udp)
    yield "an error about a connection that is none", "unsolicited", packet() / ICMP(type=3, code=3) / sent
    yield "a path of 0 bytes", "bad_length", packet() / ICMP(type=3, code=4, nexthopmtu=1) / sent
    yield "an error that quotes nothing", "truncated", packet() / ICMP(type=3, code=1) / sent[:20]
    yield "a redirect", "disabled", packet() / ICMP(type=5, code=1, gw="10.77.0.66") / sent
    yield "a source quench", "disabled", packet() / ICMP(type=4) / sent


def arp(link):
    def message(**fields):
        return Ether(src=link.host_mac, dst=link.guest_mac) / ARP(**{"op": 2, "hwsrc": link.host_mac, "psrc": "10.77.0.200",
                                                                     "hwdst": link.guest_mac, "pdst": GUEST4, **fields})

    yield "ARP of another hardware", "bad_hardware", message(hwtype=7)
    yield "an answer from a group's MAC address", "bad_source", message(hwsrc="01:00:5e:00:00:01")
    yield "answers that nobody asked for", "unsolicited", [message(psrc=f"10.77.0.{i}") for i in range(20, 250)], 230
    # A stolen address: who answers at the MAC address that is known keeps it, however often others claim it.
    yield "an address that others claim", "contested", [message(psrc=HOST4, hwsrc=f"02:00:00:00:00:{i:02x}")
                                                        for i in range(1, 9)], 8


def ipv6(link):
    def packet(ether=None, **fields):
        return Ether(src=link.host_mac, dst=ether or link.guest_mac) / IPv6(**{"src": HOST6, "dst": GUEST6, **fields})

    ping = ICMPv6EchoRequest(id=7) / b"0123456789"
    yield "version 4 in an IPv6 frame", "bad_version", packet(version=4) / ping
    yield "a length beyond the frame", "truncated", packet(plen=1400) / ping
    yield "a ping with a wrong checksum", "bad_checksum", packet() / ICMPv6EchoRequest(id=7, cksum=1) / b"0123456789"
    yield "UDP without a checksum", "bad_checksum", packet(nh=17) / bytes.fromhex("0fa00009000c000074657374")
    yield "a group as a source", "bad_source", packet(src="ff02::1") / ping
    yield "our own address as a source (land)", "bad_source", packet(src=GUEST6) / ping
    yield "the loopback address from outside", "bad_source", packet(src="::1") / ping
    yield "hop-by-hop options that do not stand first", "unknown_protocol", packet() / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / ping
    chain = packet() / IPv6ExtHdrDestOpt()
    for _ in range(40):
        chain = chain / IPv6ExtHdrDestOpt()
    yield "a chain of 41 headers", "bad_option", chain / ping
    yield "an option that asks for a refusal", "bad_option", packet() / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x9e)]) / ping
    yield "padding that is a channel", "bad_option", packet() / IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(200))]) / ping
    yield "hundreds of Pad1", "bad_option", packet() / IPv6ExtHdrDestOpt(options=[Pad1()] * 250) / ping
    yield "a jumbogram", "bad_option", packet() / IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=70000)]) / ping
    yield "a route with stops left (RFC 5095)", "source_route", packet() / IPv6ExtHdrRouting(addresses=[HOST6], segleft=1) / ping
    yield "an unknown header", "unknown_protocol", packet(nh=253) / b"what?"
    yield "a reply to no ping", "unsolicited", packet() / ICMPv6EchoReply(id=9) / b"0123456789"
    # Fragments.
    yield "a first fragment without its transport header (RFC 7112)", "truncated", (
        packet() / IPv6ExtHdrFragment(id=5, m=1, nh=60) / bytes.fromhex("0600010400000000"))
    yield "a tiny first fragment of TCP", "truncated", packet() / IPv6ExtHdrFragment(id=6, m=1, nh=6) / bytes(8)
    yield "an overlap (RFC 5722)", "overlap", [packet() / IPv6ExtHdrFragment(id=7, m=1, nh=17) / bytes(64),
                                               packet() / IPv6ExtHdrFragment(id=7, offset=4, m=0, nh=17) / bytes(64)]
    yield "a fragment beyond 65,535", "bad_length", packet() / IPv6ExtHdrFragment(id=8, offset=8191, m=0, nh=17) / bytes(100)
    yield "fragments that never become whole", "reassembly_full", [
        packet() / IPv6ExtHdrFragment(id=1000 + i, m=1, offset=1, nh=17) / bytes(8) for i in range(40)]
    # Errors that lie.
    sent = bytes(IPv6(src=GUEST6, dst=HOST6) / TCP(sport=80, dport=61234, seq=12345, flags="A"))
    yield "an error about a connection that is none", "unsolicited", packet() / ICMPv6DestUnreach(code=4) / Raw(sent)
    yield "a path below 1280 bytes", "bad_length", packet() / ICMPv6PacketTooBig(mtu=68) / Raw(sent)
    yield "an error about somebody else's packet", "not_for_us", packet() / ICMPv6TimeExceeded() / Raw(
        bytes(IPv6(src="fd00:77::9", dst=HOST6) / UDP() / b"12345678"))
    # Neighbours and routers.
    near = {"src": LINKED, "hlim": 255}
    advertised = ICMPv6ND_NA(R=0, S=1, O=1, tgt="fd00:77::66") / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:66")
    yield "an advertisement that came through a router", "bad_source", packet(src=LINKED, hlim=64) / advertised
    message = bytes(packet(**near) / advertised)[54:]
    yield "an advertisement in fragments (RFC 6980)", "bad_source", [
        packet(**near) / IPv6ExtHdrFragment(id=9, m=1, nh=58) / message[:24],
        packet(**near) / IPv6ExtHdrFragment(id=9, offset=3, m=0, nh=58) / message[24:]]
    yield "advertisements that nobody asked for", "unsolicited", [
        packet(**near) / ICMPv6ND_NA(R=0, S=1, O=1, tgt=f"fd00:77::{i:x}") / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:66")
        for i in range(0x100, 0x180)], 128
    yield "the peer's address at another MAC address", "contested", packet(**near) / (
        ICMPv6ND_NA(R=0, S=1, O=1, tgt=HOST6) / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:66"))
    yield "a solicited advertisement to all", "bad_source", packet("33:33:00:00:00:01", dst="ff02::1", **near) / advertised
    yield "a probe for a duplicate with a MAC address", "bad_source", packet("33:33:ff:00:00:02", src="::", dst="ff02::1:ff00:2", hlim=255) / (
        ICMPv6ND_NS(tgt=GUEST6) / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:66"))
    yield "an option of length 0", "bad_option", packet(**near) / ICMPv6ND_NS(tgt=GUEST6) / bytes(8)
    router = ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix="fd00:bad::", prefixlen=64)
    yield "a router where addresses are fixed", "disabled", packet("33:33:00:00:00:01", dst="ff02::1", **near) / router
    yield "a router with an address that is none of the link's", "bad_source", packet("33:33:00:00:00:01", dst="ff02::1", hlim=255) / router
    yield "a redirect", "disabled", packet(**near) / ICMPv6ND_Redirect(tgt="fe80::66", dst=HOST6)
    yield "a multicast query from beyond the link", "bad_source", packet("33:33:00:00:00:01", dst="ff02::1", hlim=1) / ICMPv6MLQuery()


def tcp(link):
    for name, ip in (("IPv4", IP(src=HOST4, dst=GUEST4)), ("IPv6", IPv6(src=HOST6, dst=GUEST6))):
        def segment(flags, _ip=ip, **fields):
            return Ether(src=link.host_mac, dst=link.guest_mac) / _ip / TCP(**{"sport": 50000, "dport": 80, "flags": flags, **fields})

        yield f"a wrong checksum over {name}", "bad_checksum", segment("S", chksum=1)
        yield f"a header of 8 bytes over {name}", "malformed", segment("S", dataofs=2)
        yield f"options beyond the header over {name}", "malformed", segment("S", dataofs=6) / b"\x02\x40\x05\xb4"
        yield f"no flags over {name}", "ignored", segment("")
        yield f"all flags over {name}", "ignored", segment("FSRPAUEC")
        yield f"SYN and FIN over {name}", "ignored", segment("SF")
        yield f"FIN, PSH, URG over {name}", "ignored", segment("FPU", urgptr=9)
        yield f"a reset to nobody over {name}", "ignored", segment("R", dport=4444)
        yield f"port 0 over {name}", "ignored", segment("S", sport=0)
        yield f"an ACK out of nothing over {name}", "resets_out", segment("A", ack=99)
        yield f"reserved bits over {name}", "ignored", segment("R", reserved=7)
        yield f"a segment to a port that is closed over {name}", "resets_out", segment("S", dport=4444)


def main():
    link = Link()
    total = 0
    for suite, kind in ((ipv4, "network_drops"), (ipv6, "network_drops"), (tcp, "tcp_events"), (arp, "network_drops")):
        for what, counter, frames, *least in suite(link):
            frames = frames if isinstance(frames, list) else [frames]
            encoded = [bytes(frame) for frame in frames]
            with link.expect(f"{suite.__name__}: {what}", f"{kind}.{counter}", *least):
                for frame in encoded:
                    link.send(frame)
            total += 1
    print(f"{total} kinds of frames")


if __name__ == "__main__":
    sys.exit(main())

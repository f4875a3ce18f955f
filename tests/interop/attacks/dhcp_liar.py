"""A DHCP server that lies about everything before it says one true thing. Run inside the namespace; prints "leased" at the end."""

import sys
from socket import AF_PACKET, SOCK_RAW, htons, socket

from scapy.all import BOOTP, DHCP, IP, UDP, Ether, conf, raw

from tests.interop.attacks.link import Link

conf.verb = 0
SERVER, LEASED = "10.77.0.1", "10.77.0.50"
TRUE = [("server_id", SERVER), ("lease_time", 3600), ("subnet_mask", "255.255.255.0")]


def main():
    link = socket(AF_PACKET, SOCK_RAW, htons(3))
    link.bind(("tap0", 0))
    link.settimeout(120)
    mac = Link.own_mac("tap0")

    def answer(asked, kind, options, address=LEASED, more=b"", **fields):
        bootp = BOOTP(**{"op": 2, "xid": asked[BOOTP].xid, "yiaddr": address, "siaddr": SERVER, "chaddr": asked[BOOTP].chaddr, **fields})
        message = raw(bootp / DHCP(options=[("message-type", kind), *options, "end"])) + more
        link.send(raw(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src=SERVER, dst="255.255.255.255") / UDP(sport=67, dport=68) / message))

    def lie(asked, kind):
        answer(asked, kind, TRUE, xid=asked[BOOTP].xid ^ 1)  # to somebody else's question
        answer(asked, kind, TRUE, chaddr=b"\x02\0\0\0\0\x77")
        answer(asked, kind, TRUE, op=1)
        for address in ("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"):
            answer(asked, kind, TRUE, address)
        answer(asked, kind, [("server_id", SERVER), ("subnet_mask", "0.255.0.255")], "240.0.0.1")
        options = asked[BOOTP].copy()
        options.op, options.yiaddr = 2, LEASED
        options.remove_payload()
        for broken in (b"\x35", b"\x35\xff\x02", b"\x77\xff" + b"\xc0" * 40, b"\x34\x01\x03" + b"\x36\x04\0"):  # cut off, or without end
            link.send(raw(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src=SERVER, dst="255.255.255.255")
                          / UDP(sport=67, dport=68) / (raw(options) + b"\x63\x82\x53\x63" + broken)))

    while True:
        frame = Ether(link.recv(65536))
        if DHCP not in frame or frame[UDP].dport != 67:
            continue
        kind = dict(option for option in frame[DHCP].options if isinstance(option, tuple) and len(option) == 2).get("message-type")
        if kind == 1:
            lie(frame, "offer")
            answer(frame, "ack", TRUE, "10.77.0.66")  # nothing was requested
            answer(frame, "offer", [("lease_time", 60)])  # from nobody
            answer(frame, "offer", TRUE)
        if kind == 3:
            lie(frame, "ack")
            answer(frame, "ack", [("server_id", "10.77.0.99"), *TRUE[1:]], "10.77.0.66")  # another server than was asked
            answer(frame, "nak", [("server_id", "10.77.0.99")])
            answer(frame, "ack", [("server_id", SERVER), ("lease_time", 0)])
            answer(frame, "ack", [*TRUE, ("renewal_time", 0), ("rebinding_time", 1), ("name_server", "224.0.0.1")])
            print("leased")
            return 0


if __name__ == "__main__":
    sys.exit(main())

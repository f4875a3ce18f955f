"""IPv4 packets with TCP segments, as bytes."""

import dataclasses
import struct

from tests.support.linux_scripts.language import ACK


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source, destination, protocol, payload, tos=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 0, 0x4000, 64, protocol, 0, source, destination)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def pattern(begin, length):
    """Bytes of a stream, from number `begin` on: both directions carry them."""
    return bytes((i * 7 + i // 251) & 255 for i in range(begin, begin + length))


def encode_options(options):
    out = b""
    if "mss" in options:
        out += struct.pack("!BBH", 2, 4, options["mss"])
    if "wscale" in options:
        out += struct.pack("!BBBB", 1, 3, 3, options["wscale"])
    if options.get("sackOK"):
        out += bytes((1, 1, 4, 2))
    if "TS" in options:
        out += struct.pack("!BBBBII", 1, 1, 8, 10, *options["TS"])
    if "uto" in options:
        out += struct.pack("!BBH", 28, 4, options["uto"])
    if blocks := options.get("sack"):
        out += struct.pack("!BBBB", 1, 1, 5, 2 + 8 * len(blocks))
        for begin, end in blocks:
            out += struct.pack("!II", begin & 0xffffffff, end & 0xffffffff)
    return out + b"\0" * (-len(out) % 4)


def tcp(source, destination, ports, sequence, ack, flags, window, options, payload, bad_checksum=False):
    encoded = encode_options(options)
    head = struct.pack("!HHIIBBHHH", *ports, sequence & 0xffffffff, ack & 0xffffffff, (5 + len(encoded) // 4) << 4, flags, window,
                       0, 0) + encoded
    total = checksum(source + destination + struct.pack("!HH", 6, len(head) + len(payload)) + head + payload)
    return head[:16] + struct.pack("!H", (total + bad_checksum) & 0xffff) + head[18:] + payload


@dataclasses.dataclass
class Received:
    at: float
    source_port: int
    destination_port: int
    sequence: int
    ack: int
    flags: int
    window: int
    options: dict
    payload: bytes
    ecn: int
    source: bytes
    destination: bytes


def _decode_options(data):
    found, at = {}, 0
    while at < len(data) and data[at] != 0:
        if data[at] == 1:
            at += 1
            continue
        kind, size = data[at], data[at + 1]
        body = data[at + 2:at + size]
        if kind == 2:
            found["mss"] = struct.unpack("!H", body)[0]
        elif kind == 3:
            found["wscale"] = body[0]
        elif kind == 4:
            found["sackOK"] = True
        elif kind == 5:
            numbers = struct.unpack(f"!{len(body) // 4}I", body)
            found["sack"] = list(zip(numbers[::2], numbers[1::2]))
        elif kind == 8:
            found["TS"] = struct.unpack("!II", body)
        elif kind == 28:
            found["uto"] = struct.unpack("!H", body)[0]
        at += size
    return found


def decode(packet, at):
    """A TCP segment in an IPv4 packet; None if it is anything else."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != 6:
        return None
    head = (packet[0] & 15) * 4
    segment = packet[head:struct.unpack("!H", packet[2:4])[0]]
    source_port, destination_port, sequence, ack, offset, flags, window = struct.unpack("!HHIIBBH", segment[:16])
    size = (offset >> 4) * 4
    return Received(at, source_port, destination_port, sequence, ack if flags & ACK else 0, flags, window,
                    _decode_options(segment[20:size]), segment[size:], packet[1] & 3, packet[12:16], packet[16:20])

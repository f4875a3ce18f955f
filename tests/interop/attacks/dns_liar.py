"""A DNS server that lies before it says one true thing: the first label of a name says how. Run inside the namespace; it
serves UDP and TCP on HOST, lies from ELSEWHERE too, and writes each question that has come, a line each."""

import socket
import struct
import sys
import threading
import time

HOST, ELSEWHERE = sys.argv[1:3]
TRUE, FALSE = bytes([10, 77, 0, 9]), bytes([10, 66, 6, 6])
A, CNAME, AAAA = 1, 5, 28


def labels(name):
    return b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"


def record(data, kind=A, owner=b"\xc0\x0c", lifetime=60, size=None):
    return owner + struct.pack("!HHIH", kind, 1, lifetime, len(data) if size is None else size) + data


def message(number, question, answers=(), flags=0x8180, more=(), count=None):
    """`more`: additional records."""
    head = struct.pack("!HHHHHH", number, flags, 1, len(answers) if count is None else count, 0, len(more))
    return head + question + b"".join(answers) + b"".join(more)


def lies_about(how, number, question):
    """Messages that claim FALSE, none of which may be believed."""
    lie = message(number, question, [record(FALSE)])
    other = labels("other.test") + question[-4:]
    odd = question[:1] + question[1:2].swapcase() + question[2:]  # another case than was asked in
    return {
        "id": [message(number ^ (1 << bit), question, [record(FALSE)]) for bit in range(8)],
        "question": [message(number, other, [record(FALSE)]), message(number, question[:-4] + struct.pack("!HH", 16, 1), [record(FALSE)]),
                     message(number, question[:-4] + struct.pack("!HH", 1, 3), [record(FALSE)]), message(number, odd, [record(FALSE)])],
        "shape": [lie[:size] for size in (0, 1, 11, 12, 13, len(lie) - 17, len(lie) - 1)]
        + [message(number, question, [record(FALSE, size=2000)]), message(number, question, [record(FALSE)], count=60000),
           message(number, question, [record(FALSE)], flags=0x0180), message(number, question, [record(FALSE)], flags=0xa980)],
        "pointers": [message(number, question, [record(FALSE, owner=struct.pack("!H", 0xC000 | 12 + len(question)))]),
                     message(number, question, [record(FALSE, owner=b"\xff\xff")]), message(number, b"\xc0\x0c" + question[-4:])],
        "chain": [message(number, question, [record(labels(f"c{i + 1}.test"), CNAME, b"\xc0\x0c" if i == 0 else labels(f"c{i}.test"))
                                             for i in range(20)] + [record(FALSE, owner=labels("c20.test"))])],
        "crowd": [message(number ^ i, question, [record(FALSE)]) for i in range(1, 40)],
    }.get(how, [])


def truth_about(how, number, question, stream):
    true = [record(TRUE)]
    if how in ("truncated", "cut") and not stream:
        return message(number, question, flags=0x8380)
    if how == "loop":  # aliases that lead to one another, and nowhere else
        return message(number, question, [record(labels("b.test"), CNAME), record(labels("loop.test"), CNAME, labels("b.test"))])
    if how == "oversize":  # beyond what was offered, so in fragments; what stands behind the answer is nobody's
        return message(number, question, true, more=[record(b"x" * 250, 16) for _ in range(20)])
    if how == "poison":  # the answer, and what nobody has asked for
        owner = labels("victim.test")
        return message(number, question, [*true, record(FALSE, owner=owner)], more=[record(FALSE, owner=owner), record(FALSE)])
    lifetime = {"ttl-none": 0, "ttl-long": 0x7FFFFFFF, "ttl-negative": 0xFFFFFFFF}.get(how, 60)
    return message(number, question, [record(TRUE, lifetime=lifetime)])


def parse(query):
    end = query.index(0, 12) + 5
    question = query[12:end]
    return struct.unpack("!H", query[:2])[0], question, question[1:1 + question[0]].decode().lower(), struct.unpack("!H", question[-4:-2])[0]


def serve_streams(listener):
    while True:
        stream, _ = listener.accept()
        with stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            query = stream.recv(600)
            while len(query) < 2 or len(query) < 2 + struct.unpack("!H", query[:2])[0]:
                query += stream.recv(600)
            number, question, how, _ = parse(query[2:])
            answer = truth_about(how, number, question, True)
            framed = struct.pack("!H", len(answer)) + answer
            for byte in framed[:20] if how == "cut" else framed:
                stream.send(bytes([byte]))
                time.sleep(0.005)
            print("stream", how, flush=True)


def main():
    listener = socket.create_server((HOST, 53))
    threading.Thread(target=serve_streams, args=(listener,), daemon=True).start()
    server, elsewhere, other_port = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
    server.bind((HOST, 53))
    elsewhere.bind((ELSEWHERE, 53))
    other_port.bind((HOST, 5353))
    print("ready", flush=True)
    while True:
        query, peer = server.recvfrom(600)
        number, question, how, kind = parse(query)
        print("question", how, kind, flush=True)
        if kind == AAAA:  # only a mapped address: the way around a filter
            mapped = [record(bytes(10) + b"\xff\xff" + FALSE, AAAA)] if how == "mapped" else []
            server.sendto(message(number, question, mapped), peer)
            continue
        for lie in lies_about(how, number, question):
            server.sendto(lie, peer)
        if how == "elsewhere":
            for wrong in (elsewhere, other_port):
                wrong.sendto(message(number, question, [record(FALSE)]), peer)
        server.sendto(truth_about(how, number, question, False), peer)


if __name__ == "__main__":
    main()

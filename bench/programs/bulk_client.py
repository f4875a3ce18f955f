"""One TCP stream with the image tests/image/images/bulk: bulk_client.py take|drop|give|refer ADDRESS SECONDS prints bytes and seconds.

`take`: the image takes what we send, and must say in the end that it got every byte in its place. `drop`: it only counts
them. `give`: it sends, by `send()`; `refer`: by `send_reference()`."""

import socket
import sys
import time

PERIOD = 251 * 256


def _connected(address):
    """A connection, as soon as the service listens."""
    for _ in range(200):
        try:
            return socket.create_connection(address, timeout=20)
        except OSError:
            time.sleep(0.05)
    return socket.create_connection(address, timeout=20)


def main():
    what, address, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    stream = _connected((address, {"take": 9, "drop": 21, "give": 19, "refer": 20}[what]))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    begin = time.monotonic()
    size = 0
    if what in ("take", "drop"):
        pattern = bytes((i + i // 251) & 255 for i in range(PERIOD)) * 16
        while time.monotonic() - begin < seconds:
            stream.sendall(pattern)
            size += len(pattern)
        stream.shutdown(socket.SHUT_WR)
        answer = stream.makefile().read().split()
        if answer != [str(size), "0"]:
            sys.exit(f"sent {size} bytes; the image says of bytes received and pieces that were wrong: {answer}")
    else:
        buffer = bytearray(1 << 20)
        while time.monotonic() - begin < seconds:
            received = stream.recv_into(buffer)
            if received == 0:
                sys.exit("the image has ended the stream")
            size += received
    print(size, time.monotonic() - begin)


if __name__ == "__main__":
    main()

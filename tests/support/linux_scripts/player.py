"""One script, played against Linux's sockets in real time."""

import asyncio
import errno
import fcntl
import socket
import struct
import termios

from tests.support.linux_scripts import wire
from tests.support.linux_scripts.language import ACK, INNER, PSH, SYN, NotApplicable

# Seconds by which a segment may be late or early. Late is what a busy machine does to a timer; what comes at once in a
# script and after an acknowledgment delay (40 ms) in Linux is told apart by it.
LATE, EARLY, SHARE = 0.035, 0.02, 0.25
SETTLE = 0.03  # after the last line, for what nobody expects
PEER_INITIAL = 0xffffff00  # of the peer, as in the player of scripts
STATES = {1: "ESTABLISHED", 2: "SYN-SENT", 3: "SYN-RECEIVED", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 7: "CLOSED",
          8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN-RECEIVED"}
ERRORS = {0: "none", errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.ECONNABORTED: "aborted",
          errno.ETIMEDOUT: "timed-out", errno.EHOSTUNREACH: "host-unreachable", errno.ENETUNREACH: "network-unreachable",
          errno.EPIPE: "broken-pipe", errno.EAGAIN: "would-block", errno.EADDRINUSE: "address-in-use", errno.ENOBUFS: "no-buffers"}
SIOCOUTQ = termios.TIOCOUTQ
SO_SNDBUFFORCE = 32
SEND_BUFFER = 512 << 10  # ours begins with 256 KiB of payload, which Linux counts with its overhead
UNREACHABLE = {"host-unreachable": 1, "port-unreachable": 3, "too-big": 4}


class Differs(Exception):
    """What Linux did instead."""


class Peer:
    """One conversation, by the peer's port."""

    def __init__(self):
        self.our_initial = None
        self.first_stamp = None
        self.initial = PEER_INITIAL
        self.socket = None
        self.closed = False
        self.sent = self.received = 0
        self.local_port = 80


class Player:
    def __init__(self, device, local, remote):
        """`device`: sends packets and keeps what came for `remote`; addresses are this script's own."""
        self.device, self.local, self.remote = device, local, remote
        self.arrived = device.subscribe(remote)
        self.peers = {}
        self.port = 40_000
        self.listener = None
        self.congestion = b"cubic"
        self.patience = None

    @property
    def peer(self):
        return self.peers.setdefault(self.port, Peer())

    async def play(self, lines):
        clock = asyncio.get_running_loop().time
        last = clock()
        for line in lines:
            try:
                if line.kind == ">":
                    last = await self._expect(line, last)
                    continue
                if line.words[:1] and line.words[0] in INNER:
                    last += line.delay
                    continue
                if line.delay > 0:
                    await asyncio.sleep(last + line.delay - clock())
                looks = line.kind == "call" and line.words[0] in ("state", "error", "readable", "unacknowledged", "eof", "peer")
                if not looks:
                    self._expect_silence()
                last = clock()
                if line.kind == "<":
                    self._inject(line.segment)
                else:
                    await self._call(line.words)
            except Differs as found:
                raise Differs(f"line {line.number}: {found}") from None
        await asyncio.sleep(SETTLE)
        self._expect_silence()

    def close(self):
        self.device.unsubscribe(self.remote)
        for peer in self.peers.values():
            if peer.socket is not None:
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.socket.close()
        if self.listener is not None:
            self.listener.close()

    # --- segments ---

    def _inject(self, line):
        peer = self.peer
        base = peer.our_initial or 0
        options = dict(line.options or {})
        if "TS" in options:
            options["TS"] = (options["TS"][0], (options["TS"][1] + (peer.first_stamp or 0)) & 0xffffffff)
        if "sack" in options:
            options["sack"] = [(base + begin, base + end) for begin, end in options["sack"]]
        payload = wire.pattern(line.begin + bool(line.flags & SYN) - 1, line.length) if line.length else b""
        window = 65535 if line.window is None else line.window
        segment = wire.tcp(self.remote, self.local, (self.port, peer.local_port), peer.initial + line.begin,
                           base + (line.ack or 0), line.flags, window, options, payload, line.bad_checksum)
        self.device.send(wire.ipv4(self.remote, self.local, 6, segment, line.ecn or 0))

    async def _expect(self, line, last):
        clock = asyncio.get_running_loop().time
        due = last + line.delay
        while not self.arrived:
            self.device.drain()
            if self.arrived:
                break
            left = due + LATE + SHARE * line.delay - clock()
            if left <= 0:
                raise Differs(f"nothing was sent within {clock() - last:.2g} s")
            self.arrived.changed.clear()
            try:
                await asyncio.wait_for(self.arrived.changed.wait(), left)
            except TimeoutError:
                self.device.drain()
        found = self.arrived.pop(0)
        self._compare(line.segment, found)
        if found.at < due - EARLY - SHARE * line.delay:
            raise Differs(f"sent after {max(found.at - last, 0):.2g} s: {self._describe(found)}")
        return max(found.at, last)

    def _expect_silence(self):
        self.device.drain()
        if self.arrived:
            raise Differs(f"also sent: {self._describe(self.arrived[0])}")

    def _compare(self, line, found):
        peer = self.peer
        if found.flags & SYN and peer.our_initial is None:
            peer.our_initial = found.sequence
        if "TS" in found.options and peer.first_stamp is None:
            peer.first_stamp = found.options["TS"][0]
        ignored = 0 if line.flags & PSH else PSH
        wrong = found.destination_port != self.port or found.flags & ~ignored != line.flags
        wrong |= not line.any_sequence and (found.sequence - (peer.our_initial or 0)) & 0xffffffff != line.begin
        wrong |= len(found.payload) != line.length
        wrong |= line.ack is not None and (found.ack - peer.initial) & 0xffffffff != line.ack
        wrong |= line.window == 0 and found.window != 0  # other windows are of other buffers
        wrong |= line.ecn is not None and found.ecn != line.ecn
        if found.payload:
            wrong |= found.payload != wire.pattern((found.sequence - (peer.our_initial or 0) - 1) & 0xffffffff, len(found.payload))
        if line.options is not None:
            wrong |= self._options_differ(line.options, found.options)
        if wrong:
            raise Differs(f"sent {self._describe(found)}")

    def _options_differ(self, wanted, found):
        if wanted.get("mss") != found.get("mss") or wanted.get("sackOK") != found.get("sackOK"):
            return True
        if any((name in wanted) != (name in found) for name in ("wscale", "TS", "uto")):
            return True
        if "TS" in wanted and wanted["TS"][1] != found["TS"][1]:
            return True
        blocks = [((begin - self.peer.initial) & 0xffffffff, (end - self.peer.initial) & 0xffffffff)
                  for begin, end in found.get("sack", [])]
        return wanted.get("sack", []) != blocks

    def _describe(self, found):
        peer = self.peers.get(found.destination_port, Peer())
        names = "".join(letter for letter, bit in (("S", 2), ("F", 1), ("R", 4), ("E", 64), ("W", 128), (".", 16)) if found.flags & bit)
        begin = (found.sequence - (peer.our_initial or found.sequence)) & 0xffffffff
        text = f"{names} {begin}:{begin + len(found.payload)}({len(found.payload)})"
        if found.flags & ACK:
            text += f" ack {(found.ack - peer.initial) & 0xffffffff}"
        for name, value in found.options.items():
            if name == "sack":
                text += " sack " + ",".join(f"{(a - peer.initial) & 0xffffffff}:{(b - peer.initial) & 0xffffffff}" for a, b in value)
        return text + (" win 0" if found.window == 0 else "")

    # --- calls ---

    def _stream(self):
        if self.peer.closed:
            raise NotApplicable("a call after close(): the socket is gone")
        if self.peer.socket is None:
            raise Differs("there is no connection")
        return self.peer.socket

    def _prepare(self, stream):
        stream.setblocking(False)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, self.congestion)
        stream.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER)
        if self.patience is not None:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self.patience * 1000))

    async def _call(self, words):
        name, arguments = words[0], words[1:]
        method = getattr(self, "_do_" + name.replace("-", "_"), None)
        if method is None:
            raise NotApplicable(f"'{name}'")
        await method(*arguments)

    async def _do_wait(self):
        pass

    async def _do_congestion(self, algorithm):
        self.congestion = algorithm.encode()

    async def _do_user_timeout(self, seconds):
        self.patience = float(seconds)

    async def _do_listen(self, port, *backlog):
        self.listener = socket.socket()
        self._prepare(self.listener)
        self.listener.bind((socket.inet_ntoa(self.local), int(port)))
        self.listener.listen(int(backlog[1]) if backlog else 16)

    async def _do_unlisten(self):
        self.listener.close()
        self.listener = None

    async def _do_accept(self, wanted=None):
        try:
            self.peer.socket = self.listener.accept()[0]
            self.peer.socket.setblocking(False)
        except BlockingIOError:
            self.peer.socket = None
        if (wanted == "none") != (self.peer.socket is None):
            raise Differs("one waits" if wanted == "none" else "none waits")

    async def _do_connect(self, wanted=None):
        if wanted is not None:
            raise NotApplicable("an error of connect() that our layer has")
        peer = self.peer
        peer.local_port = 1000
        peer.socket = socket.socket()
        self._prepare(peer.socket)
        peer.socket.bind((socket.inet_ntoa(self.local), 1000))
        peer.socket.connect_ex((socket.inet_ntoa(self.remote), self.port))

    async def _do_send(self, count, wanted=None):
        peer = self.peer
        try:
            result = self._stream().send(wire.pattern(peer.sent, int(count)), socket.MSG_NOSIGNAL)
            peer.sent += result
        except OSError as error:
            result = ERRORS.get(error.errno, error.errno)
        if str(result) != (wanted or count):
            raise Differs(f"send returned {result}")

    async def _do_recv(self, count):
        stream, peer = self._stream(), self.peer
        wanted = None if count == "all" else int(count)
        try:
            data = stream.recv(wanted or 1 << 20)
        except OSError as error:
            data = b""
            if wanted:
                raise Differs(f"recv: {ERRORS.get(error.errno, error.errno)}") from None
        if wanted is not None and len(data) != wanted:
            raise Differs(f"{len(data)} bytes are readable")
        if data != wire.pattern(peer.received, len(data)):
            raise Differs("a wrong byte was received")
        peer.received += len(data)

    async def _do_shutdown(self):
        try:
            self._stream().shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Differs(f"shutdown: {ERRORS.get(error.errno, error.errno)}") from None

    async def _do_close(self):
        self._stream().close()
        self.peer.socket, self.peer.closed = None, True

    _do_drop = _do_close

    async def _do_abort(self):
        self._stream().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._do_close()

    async def _do_no_delay(self):
        self._stream().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def _do_keep_alive(self, idle, interval):
        stream = self._stream()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(round(float(idle)), 1))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(round(float(interval)), 1))

    async def _do_patience(self, seconds):
        self._stream().setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(float(seconds) * 1000))

    async def _do_peer(self, port):
        self.port = int(port)

    async def _do_peer_iss(self, number):
        peer = self.peer
        peer.initial, peer.our_initial, peer.sent, peer.received = int(number), None, 0, 0

    async def _do_icmp(self, kind, sequence, mtu="0"):
        peer = self.peer
        quoted = wire.ipv4(self.local, self.remote, 6, struct.pack("!HHI", peer.local_port, self.port, ((peer.our_initial or 0) +
                                                                                                  int(sequence)) & 0xffffffff))
        body = struct.pack("!BBHHH", 3, UNREACHABLE[kind], 0, 0, int(mtu)) + quoted
        body = body[:2] + struct.pack("!H", wire.checksum(body)) + body[4:]
        self.device.send(wire.ipv4(self.remote, self.local, 1, body))

    # --- what must be true ---

    async def _do_state(self, wanted):
        mine = f"{self.local[::-1].hex().upper()}:{self.peer.local_port:04X}"
        other = f"{self.remote[::-1].hex().upper()}:{self.port:04X}"
        found = "CLOSED"
        with open("/proc/net/tcp", encoding="ascii") as table:
            for row in table:
                fields = row.split()
                if fields[1:3] == [mine, other]:
                    found = STATES[int(fields[3], 16)]
        if found != wanted:
            raise Differs(f"state is {found}")

    async def _do_error(self, wanted):
        found = ERRORS.get(self._stream().getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "another")
        if found != wanted:
            raise Differs(f"error is {found}")

    async def _do_readable(self, wanted):
        found = struct.unpack("i", fcntl.ioctl(self._stream(), termios.FIONREAD, b"\0" * 4))[0]
        if found != int(wanted):
            raise Differs(f"{found} bytes are readable")

    async def _do_unacknowledged(self, wanted):
        found = struct.unpack("i", fcntl.ioctl(self._stream(), SIOCOUTQ, b"\0" * 4))[0]
        if found != int(wanted):
            raise Differs(f"{found} bytes are unacknowledged")

    async def _do_eof(self, wanted="yes"):
        try:
            ended = self._stream().recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if ended != (wanted != "no"):
            raise Differs("end of stream" if ended else "no end of stream")

"""What a name server lets nobody do, and how it counts that: amplification, odd messages, too many connections."""

import re
import sys
import textwrap

import pytest

PRELUDE = textwrap.dedent("""
    import hmac, select, socket, struct, time
    server, server6 = ("10.77.0.2", 53), ("fd77::2", 53)
    def name(text):
        return b"".join(bytes([len(l)]) + l.encode() for l in text.split(".")) + b"\\0"
    def opt(version=0, data=b""):
        return b"\\0" + struct.pack("!HHBBHH", 41, 4096, 0, version, 0x8000, len(data)) + data
    def query(number, kind=1, flags=0, of="www.example.test", more=b"", extra=0):
        return struct.pack("!HHHHHH", number, flags, 1, 0, 0, extra) + name(of) + struct.pack("!HH", kind, 1) + more
    def framed(message):
        return struct.pack("!H", len(message)) + message
    def heard(s, seconds):
        answers = []
        while select.select([s], [], [], seconds)[0]:
            answers.append(s.recv(65536))
        return answers
    def tcp(family=socket.AF_INET, source=None, to=server):
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(60)
        if source:
            s.bind((source, 0))
        s.connect(to)
        return s
    def answer(s):
        size = b""
        while len(size) < 2:
            more = s.recv(2 - len(size))
            assert more, "closed"
            size += more
        message = b""
        while len(message) < struct.unpack("!H", size)[0]:
            message += s.recv(65536)
        return message
""")


@pytest.fixture
def server(lan, start):
    lan.ip("addr", "add", "fd77::1/64", "dev", "tap0", "nodad")
    lan.ip("addr", "add", "fd77::3/64", "dev", "tap0", "nodad")
    instance = start("tests/dns-limited", "--net", f"lan=tap0,ip={lan.GUEST}/24,ip6=fd77::2/64", inside=lan)
    instance.wait_for("dns: listening")
    lan.wait_for_page(instance, f"http://{lan.GUEST}:9100/metrics")
    return instance


def python(lan, source):
    done = lan.run(sys.executable, "-c", PRELUDE + textwrap.dedent(source), timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def counted(lan):
    text = lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}:9100/metrics").stdout
    return {name: int(value) for name, value in re.findall(r'(?m)^dns_(?:events_total\{event=")?([a-z_]+)(?:"\})? (\d+)$', text)}


def test_a_flood_of_questions_is_no_amplifier(lan, server):
    """From one network, for the largest answers there are: most are dropped, the others short, and honest clients have two ways in."""
    python(lan, """
        flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flood.connect(server)
        sent = received = full = 0
        began = time.monotonic()
        while time.monotonic() < began + 2:
            question = query(sent & 0xffff, 255, of="example.test", more=opt(), extra=1)
            flood.send(question)
            sent += 1
            if sent % 20 == 0:
                for message in heard(flood, 0):
                    received += 1
                    if message[2] & 2:
                        assert len(message) <= len(question), "what is truncated is no longer than the question"
                    else:
                        full += 1
        # 20 of them a second, and what was saved up in the second before.
        assert full <= 20 * (time.monotonic() - began + 2), (sent, full)
        assert received * 10 <= sent * 6 + 1000, (sent, received)
        # By TCP, and with a cookie, this network is answered in spite of it.
        s = tcp()
        s.sendall(framed(query(1, 255, of="example.test")))
        assert answer(s)[7] != 0
        honest = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        honest.connect(server)
        cookie = struct.pack("!HH", 10, 8) + b"12345678"
        for attempt in range(100):  # until one of those that a second allows is this
            honest.send(query(2, more=opt(data=cookie), extra=1))
            told = heard(honest, 0.3)
            if told:
                break
        whole = struct.pack("!HH", 10, 24) + told[0][-24:]
        answers = []
        while len(answers) < 100 and time.monotonic() < began + 60:
            for _ in range(20):
                honest.send(query(3, more=opt(data=whole), extra=1))
            answers += [message for message in heard(honest, 0.05) if message[1] == 3]
        assert len(answers) >= 100 and not any(message[2] & 2 for message in answers), len(answers)
    """)
    counters = counted(lan)
    assert counters["dropped_rate_limit"] > 0 and counters["truncated_rate_limit"] > 0, counters


def test_odd_messages_are_answered_or_counted(lan, server):
    """What kdig can say, and what it cannot: each meets the answer of its RFC, and the counter that says why."""
    kdig = lambda *words: lan.run("kdig", "@10.77.0.2", "+timeout=5", "+retry=11", *words).stdout
    for version in ("1", "3", "255"):
        assert "BADVERS" in kdig("www.example.test", f"+edns={version}")
    # Flags that mean nothing to a server like this one, sizes that none has, options that nobody knows.
    for words in (["+aaflag"], ["+tcflag"], ["+raflag"], ["+zflag"], ["+adflag"], ["+cdflag"], ["+nordflag"], ["+bufsize=0"],
                  ["+bufsize=65535"], ["+ednsopt=65535"], ["+ednsopt=4:0001"], ["+padding=400"], ["+dnssec", "+nsid"], ["+keepopen", "+tcp"]):
        assert "10.0.0.5" in kdig("www.example.test", *words), words
    assert "REFUSED" in kdig("-c", "CH", "www.example.test") and "REFUSED" in kdig("-t", "ANY", "-c", "ANY", "www.example.test")
    python(lan, """
        s = tcp()
        def asked(message):
            s.sendall(framed(message))
            return answer(s)
        # Every operation but QUERY and NOTIFY is refused as not implemented, and the operation is repeated.
        for operation in [1, 2, 3, *range(5, 16)]:
            told = asked(query(operation, flags=operation << 11))
            assert told[3] & 15 == 4 and told[2] >> 3 & 15 == operation and len(told) == 12, (operation, told)
        # Counts that lie, names that loop or do not end, records that are longer than the message.
        head = lambda *counts: struct.pack("!HHHHHH", 7, 0, *counts)
        tail = struct.pack("!HH", 1, 1)
        broken = [head(0, 0, 0, 0), head(2, 0, 0, 0) + (name("a") + tail) * 2, head(1, 0, 0, 0), head(65535, 65535, 65535, 65535),
                  head(1, 0, 0, 0) + b"\\xc0\\x0c" + tail, head(1, 0, 0, 0) + b"\\3www\\xc0\\x0c" + tail,
                  head(1, 0, 0, 0) + b"\\x40" + b"a" * 64 + b"\\0" + tail, head(1, 0, 0, 0) + (b"\\x3f" + b"a" * 63) * 4 + b"\\0" + tail,
                  head(1, 0, 0, 0) + b"\\1a" * 128 + b"\\0" + tail, head(1, 0, 0, 0) + name("a") + tail[:3],
                  head(1, 0, 0, 1) + name("a") + tail, head(1, 0, 0, 2) + name("a") + tail + opt() * 2,
                  head(1, 0, 0, 1) + name("a") + tail + opt()[:-1], head(1, 0, 0, 1) + name("a") + tail + opt(data=b"\\0\\x0a\\0\\1x"),
                  head(1, 0, 0, 1) + name("a") + tail + opt(data=b"\\0\\x0a\\xff\\xff"), head(1, 0, 0, 0) + name("a") + tail + b"more"]
        for message in broken:
            told = asked(message)
            assert told[3] & 15 == 1 and len(told) == 12, (message, told)
        # Nothing is said to what is no question; the one behind them is answered.
        for message in (b"", b"x", b"x" * 11, query(1, flags=0x8000)):
            s.sendall(framed(message))
        assert asked(query(9))[:2] == struct.pack("!H", 9)
        # A cookie that nobody gave out: the answer has a good one.
        told = asked(query(10, more=opt(data=struct.pack("!HH", 10, 24) + b"x" * 24), extra=1))
        assert told[3] & 15 == 0 and told[-28:-16] == b"\\0\\x0a\\0\\x18" + b"x" * 8, told
        # Signatures (RFC 8945) as somebody else makes them: with a key that is not ours, a secret that is not, of another time, cut off.
        def signed(secret=b"sixteen bytes at least", key="test.key", at=None, size=32):
            at = int(time.time()) if at is None else at
            covered = name(key) + struct.pack("!HI", 255, 0) + name("hmac-sha256") + struct.pack("!HIHHH", at >> 32, at & 0xffffffff, 300, 0, 0)
            mac = hmac.digest(secret, query(11) + covered, "sha256")[:size]
            data = name("hmac-sha256") + struct.pack("!HIHH", at >> 32, at & 0xffffffff, 300, size) + mac + struct.pack("!HHH", 11, 0, 0)
            return query(11, more=name(key) + struct.pack("!HHIH", 250, 255, 0, len(data)) + data, extra=1)
        def error(message, other=0):
            return struct.unpack("!H", message[-4 - other:][:2])[0]
        good = asked(signed())
        assert good[3] & 15 == 0 and error(good) == 0 and good[7] == 1, good
        for message, wrong, other in ((signed(key="other.key"), 17, 0), (signed(b"another secret of ours"), 16, 0), (signed(at=1000), 18, 6), (signed(size=16), 22, 0)):
            told = asked(message)
            assert told[3] & 15 == 9 and told[7] == 0 and error(told, other) == wrong, (wrong, told)
        assert asked(signed(size=15))[3] & 15 == 1 and asked(signed()[:-1])[3] & 15 == 1
    """)
    counters = counted(lan)
    least = {"bad_edns_version": 3, "unsupported_operation": 14, "malformed": 18, "dropped_no_query": 4, "bad_cookie": 1, "refused": 2,
             "signed_query": 1, "bad_key": 1, "bad_signature": 1, "bad_signature_time": 1, "bad_signature_truncation": 1}
    assert all(counters[name] >= count for name, count in least.items()), counters
    assert server.stop() == 0


def test_one_client_has_so_many_connections_and_no_more(lan, server):
    """A burst is counted as it is accepted, and the addresses of an IPv6 /64 as one client."""
    served = python(lan, """
        began = time.monotonic()
        burst = []
        for source in ("fd77::1", "fd77::3") * 40:
            try:
                burst.append(tcp(socket.AF_INET6, source, server6))
            except ConnectionError:
                pass
        served = 0
        for s in burst:
            try:
                s.sendall(framed(query(1)))
                served += len(answer(s)) > 12
            except (ConnectionError, AssertionError):
                pass
        # Those that say nothing for 10 s make room.
        assert served == 64 or time.monotonic() - began > 9, served
        print(served)
        s = tcp()  # another client
        s.sendall(framed(query(2)))
        assert answer(s)[:2] == struct.pack("!H", 2)
        for s in burst:
            s.close()
    """)
    assert counted(lan)["connections_refused_total"] == 80 - int(served)

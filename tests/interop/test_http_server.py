"""holm/http.h in an image with impatient deadlines and awkward handlers (tests/image/images/http-server)."""

import concurrent.futures
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pytest

from tests.support.waiting import until


@pytest.fixture
def server(lan, start, tender):
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=tender)
    instance.wait_for("http: ready")
    return instance


def get(lan, path, *options):
    answer = lan.run("curl", "-sS", "-m", "60", "-i", *options, f"http://{lan.GUEST}{path}")
    assert answer.returncode == 0, answer.stderr
    head, _, content = answer.stdout.partition("\n\n")
    return head, content


def dropped(lan):
    return {why: int(count) for why, count in re.findall(r"(?m)^(\w+) (\d+)$", get(lan, "/drops")[1])}


def python(lan, source, timeout=200):
    prelude = """
        import socket, struct, sys, time
        def connect():
            return socket.create_connection((sys.argv[1], 80), timeout=60)
        def read_to_end(s):
            data = bytearray()
            try:
                while chunk := s.recv(65536):
                    data += chunk
            except ConnectionResetError:
                pass
            return bytes(data)
        def wait_until_dropped(streams):
            deadline = time.monotonic() + 60
            while states := [s for s in streams if s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0] == 1]:  # established
                assert time.monotonic() < deadline, f"{len(states)} of {len(streams)} connections are still there"
                time.sleep(0.1)
    """
    program = textwrap.dedent(prelude) + textwrap.dedent(source)
    result = lan.run(sys.executable, "-c", program, lan.GUEST, timeout=timeout)
    assert result.returncode == 0, result.stdout + result.stderr


def test_handlers_that_wait_run_beside_each_other(lan, server):
    python(lan, """
        long = connect()
        long.sendall(b"GET /wait/600000?tell=1 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        # Later ones wait for a shorter time: who asked last is answered first.
        waiting = {}
        for i in range(9, -1, -1):
            s = waiting[i] = connect()
            s.sendall(b"GET /wait/%d?q=%%2Fx%d HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n" % (500 + i, i))
        for i, s in waiting.items():
            assert read_to_end(s).endswith(b"\\r\\n\\r\\n%d=%d/x%d\\n" % (500 + i, 500 + i, i))
        long.setblocking(False)
        try:
            raise SystemExit(f"the long wait has ended: {long.recv(1000)}")
        except BlockingIOError:
            pass
    """)
    assert get(lan, "/wait", "-d", "a" * 100_000)[1] == "a" * 100_000
    assert server.alive()
    assert "http: waits for 600000 ms" in server.output()
    server.process.kill()  # or it would wait for that one


def test_a_stream_that_throws_ends_its_connection_and_no_other(lan, server):
    python(lan, """
        waiting = connect()
        waiting.sendall(b"GET /wait/1500 HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        time.sleep(0.2)
        for _ in range(3):
            s = connect()
            s.sendall(b"GET /broken-stream HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            got = read_to_end(s)
            assert not got.endswith(b"0\\r\\n\\r\\n"), got[-20:]  # the end of a whole answer
        assert read_to_end(waiting).endswith(b"1500=1500\\n")
    """)
    assert server.output().count("the source has dried up") == 3
    assert get(lan, "/")[1] == "quick\n"
    assert server.stop() == 0, server.output()


def test_a_peer_that_resets_while_its_handler_waits_harms_nobody(lan, server):
    python(lan, """
        import struct
        for content in (b"", b"x" * 60_000):  # in one piece with the next request, and in many
            for _ in range(20):
                s = connect()
                head = b"GET /wait/300 HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(content)
                s.sendall((head + content) * 2)
                time.sleep(0.02)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.close()
        time.sleep(1)
    """)
    assert get(lan, "/")[1] == "quick\n"
    assert server.alive(), server.output()


def test_a_handler_that_throws_is_a_500_and_a_line_on_the_console(lan, server):
    for path, what in (("/throw", "on purpose"), ("/throw-later", "later")):
        head, content = get(lan, path)
        assert head.startswith("HTTP/1.1 500 ") and what not in content
        assert f"http: the handler of GET {path} failed: {what}" in server.output()
    assert get(lan, "/")[1] == "quick\n"


def test_all_kinds_of_content_arrive_whole(lan, server):
    assert get(lan, "/stream")[1] == "s" * 100_000
    assert get(lan, "/stream", "--http1.0")[1] == "s" * 100_000
    assert get(lan, "/own")[1] == "o" * 2_000_000
    assert get(lan, "/kept")[1] == "k" * 3_000_000
    head, _ = get(lan, "/bad-header?v=a%0d%0aSet-Cookie:%20b")
    assert "X-Echo: a  Set-Cookie: b" in head and "\nSet-Cookie" not in head
    assert server.alive()


def test_pipelined_requests_are_answered_in_order(lan, server):
    python(lan, """
        s = connect()
        paths = [b"/", b"/wait/50", b"/own", b"/stream", b"/kept", b"/"] * 3
        s.sendall(b"".join(b"GET " + p + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" for p in paths[:-1]) +
                  b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        data = read_to_end(s)
        assert data.count(b"HTTP/1.1 200 OK") == len(paths), data.count(b"HTTP/1.1 200 OK")
        assert data.endswith(b"\\r\\n\\r\\nquick\\n")
        places = [data.index(mark) for mark in (b"quick", b"50=50", b"ooo", b"sss", b"kkk")]
        assert places == sorted(places)
    """)


def test_slow_and_silent_clients_are_cut_off(lan, server):
    python(lan, """
        silent, half, content, idle = connect(), connect(), connect(), connect()
        half.sendall(b"GET / HTTP")
        content.sendall(b"POST /wait HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000\\r\\n\\r\\nabc")
        idle.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        start = time.monotonic()
        assert read_to_end(silent) == b""
        assert read_to_end(half).startswith(b"HTTP/1.1 408 ")
        assert read_to_end(content).startswith(b"HTTP/1.1 408 ")
        assert read_to_end(idle).endswith(b"quick\\n")
        # Where nothing is said of deadlines they are 30 s and more.
        assert 1 < time.monotonic() - start < 25, time.monotonic() - start
    """)
    assert get(lan, "/")[1] == "quick\n"
    counted = dropped(lan)
    assert counted["silent"] == 1 and counted["slow_request"] == 2 and counted["malformed"] == 0, counted


def test_a_client_that_does_not_read_is_dropped(lan, server):
    python(lan, """
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((sys.argv[1], 80))
        s.sendall(b"GET /own HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        wait_until_dropped([s])
        assert len(read_to_end(s)) < 2_000_000
    """)
    assert get(lan, "/")[1] == "quick\n"
    assert dropped(lan)["response_not_taken"] == 1


def test_a_client_that_reads_slowly_but_steadily_gets_all(lan, server):
    """Longer than every deadline of the server: 3 MB at about 400 kB a second."""
    assert len(get(lan, "/kept", "--limit-rate", "400k", "--max-time", "100")[1]) == 3_000_000


def test_more_connections_than_allowed_wait_for_their_turn(lan, server):
    python(lan, """
        sockets = [connect() for _ in range(60)]
        for s in sockets:
            s.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        assert all(read_to_end(s).endswith(b"quick\\n") for s in sockets)
    """)


def test_a_heap_full_of_unfinished_requests_is_answered_with_503(lan, start, tender):
    """What clients send cannot end the instance: requests beyond the memory are refused, the others go on."""
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", "--mem", "6M", inside=lan, tender=tender)
    instance.wait_for("http: ready")
    python(lan, """
        sockets = [connect() for _ in range(15)]
        for s in sockets:
            s.setblocking(False)
            data = b"POST /wait HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000000\\r\\n\\r\\n" + b"x" * 999_999
            while data:
                try:
                    data = data[s.send(data):]
                except BlockingIOError:
                    time.sleep(0.01)
                    break
                except ConnectionError:
                    break
        time.sleep(1)
        answers = []
        for s in sockets:
            s.settimeout(60)
            answers.append(read_to_end(s)[:13])
        assert all(a in (b"", b"HTTP/1.1 503 ", b"HTTP/1.1 408 ") for a in answers), answers
    """)
    assert get(lan, "/")[1] == "quick\n"
    assert instance.stop() == 0, instance.output()


def test_stop_finishes_what_was_started(lan, server):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, lan, "/wait/1500?tell=1")
        server.wait_for("http: waits for 1500 ms")
        assert server.stop() == 0, server.output()
        head, content = answer.result()
    assert content == "1500=1500\n" and "Connection: close" in head
    assert re.search(r"http: served \d+ requests, 0 failed, 0 connections left", server.output())


def test_the_log_counts_what_arrived(lan, start):
    """Also of an answer that broke off, and of a stream; in the order in which answers ended."""
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, arguments=["--access-log"])
    instance.wait_for("http: ready")
    python(lan, """
        def ask(path, least, reset, small):
            s = socket.socket()
            if small:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(60)
            s.connect((sys.argv[1], 80))
            s.sendall(b"GET " + path + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            got = 0
            while got < least:
                got += len(s.recv(1000))
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        ask(b"/kept?reset", 100_000, True, True)
        ask(b"/own?end", 100_000, False, True)
        ask(b"/stream?whole", 100_000, False, False)
    """)
    assert get(lan, "/kept?whole")[1] == "k" * 3_000_000
    assert get(lan, "/")[1] == "quick\n"
    assert instance.stop() == 0
    sizes = {path: int(size) for path, size in re.findall(r'(?m)"GET (\S+) HTTP/1\.1" 200 (\d+)$', instance.output())}
    assert sizes["/kept?whole"] == 3_000_000 and sizes["/"] == 6, sizes
    assert 99_000 < sizes["/kept?reset"] < 2_000_000 and 99_000 < sizes["/own?end"] < 2_000_000, sizes
    assert 99_000 < sizes["/stream?whole"] < 101_000, sizes  # with the chunks' heads


def test_slow_clients_by_the_hundred_do_not_keep_others_out(lan, start, keep):
    """slowhttptest in its four ways, all at once: heads that trickle in (slowloris), contents that do, ranges by the thousand,
    answers that are not read. Others are served meanwhile, and what is given up is counted by why."""
    if shutil.which("slowhttptest") is None:
        pytest.skip("slowhttptest is not installed")
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", "--mem", "64M", inside=lan, arguments=["--crowd"])
    instance.wait_for("http: ready")
    common = ["-c", "100", "-r", "200", "-l", "60", "-p", "30"]
    attacks = [["-H", "-i", "1", "-u", "/own"], ["-B", "-i", "1", "-s", "8192", "-u", "/wait"], ["-R", "-a", "10", "-b", "3000", "-u", "/dated"],
               ["-R", "-a", "1", "-b", "500", "-u", "/dated"], ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "32", "-u", "/own"]]
    running = []
    for *options, path in attacks:
        running.append(subprocess.Popen(lan.command("slowhttptest", *options, f"http://{lan.GUEST}{path}", *common), cwd=keep,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    try:
        def given_up():
            assert get(lan, "/")[1] == "quick\n"
            counted = dropped(lan)
            return all(counted[why] > 20 for why in ("slow_request", "too_large", "response_not_taken"))

        until(given_up, lambda: str(dropped(lan)))
    finally:
        for attack in running:
            attack.kill()
            attack.wait()
    assert get(lan, "/")[1] == "quick\n"
    assert instance.stop() == 0, instance.output()


def test_stop_sends_what_is_under_way(lan, server):
    """An answer larger than all buffers, half of it taken when the stop comes."""
    program = textwrap.dedent("""
        import socket, sys, time
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        s.settimeout(60)
        s.connect((sys.argv[1], 80))
        s.sendall(b"GET /kept HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        size = len(s.recv(4096))
        print("begun", flush=True)
        sys.stdin.readline()
        while chunk := s.recv(65536):
            size += len(chunk)
        print(size)
    """)
    with subprocess.Popen(lan.command(sys.executable, "-c", program, lan.GUEST), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as client:
        assert client.stdout.readline() == "begun\n"
        server.process.terminate()
        client.stdin.write("go\n")
        client.stdin.flush()
        assert int(client.stdout.readline()) > 3_000_000
    assert server.wait(60) == 0, server.output()
    assert re.search(r"http: served \d+ requests, 0 failed, 0 connections left", server.output())

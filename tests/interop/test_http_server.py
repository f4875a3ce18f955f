"""holm/http.h in an image with impatient deadlines and awkward handlers (tests/image/images/http-server)."""

import concurrent.futures
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pytest


@pytest.fixture
def server(lan, start, tender):
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=tender)
    instance.wait_for("http: ready")
    return instance


def get(lan, path, *options):
    answer = lan.run("curl", "-sS", "-m", "20", "-i", *options, f"http://{lan.GUEST}{path}")
    assert answer.returncode == 0, answer.stderr
    head, _, content = answer.stdout.partition("\n\n")
    return head, content


def python(lan, source, timeout=60):
    prelude = """
        import socket, sys, time
        def connect():
            return socket.create_connection((sys.argv[1], 80), timeout=20)
        def read_to_end(s):
            data = b""
            try:
                while chunk := s.recv(65536):
                    data += chunk
            except ConnectionResetError:
                pass
            return data
    """
    program = textwrap.dedent(prelude) + textwrap.dedent(source)
    result = lan.run(sys.executable, "-c", program, lan.GUEST, timeout=timeout)
    assert result.returncode == 0, result.stdout + result.stderr


def test_handlers_that_wait_run_beside_each_other(lan, server):
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda i: get(lan, f"/wait/{500 + i}?q=%2Fx{i}")[1], range(10)))
    assert answers == [f"{500 + i}={500 + i}/x{i}\n" for i in range(10)]
    assert time.monotonic() - started < 4
    assert get(lan, "/wait", "-d", "a" * 100_000)[1] == "a" * 100_000
    assert server.alive()


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
        assert 1 < time.monotonic() - start < 8, time.monotonic() - start
    """)
    assert get(lan, "/")[1] == "quick\n"


def test_a_client_that_does_not_read_is_dropped(lan, server):
    python(lan, """
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((sys.argv[1], 80))
        s.sendall(b"GET /own HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        time.sleep(7)
        assert len(read_to_end(s)) < 2_000_000
    """)
    assert get(lan, "/")[1] == "quick\n"


def test_a_client_that_reads_slowly_but_steadily_gets_all(lan, server):
    """Longer than every deadline of the server: 3 MB at about 400 kB a second."""
    assert len(get(lan, "/kept", "--limit-rate", "400k", "--max-time", "30")[1]) == 3_000_000


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
            s.settimeout(10)
            answers.append(read_to_end(s)[:13])
        assert all(a in (b"", b"HTTP/1.1 503 ", b"HTTP/1.1 408 ") for a in answers), answers
    """)
    assert get(lan, "/")[1] == "quick\n"
    assert instance.stop() == 0, instance.output()


def test_stop_finishes_what_was_started(lan, server):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, lan, "/wait/1500")
        time.sleep(0.5)
        assert server.stop() == 0, server.output()
        head, content = answer.result()
    assert content == "1500=1500\n" and "Connection: close" in head
    assert re.search(r"http: served \d+ requests, 0 failed, 0 connections left", server.output())


def test_slow_clients_by_the_hundred_do_not_keep_others_out(lan, start, keep):
    """slowhttptest: heads that trickle in (slowloris), contents that do, and answers that are not read; all at once."""
    if shutil.which("slowhttptest") is None:
        pytest.skip("slowhttptest is not installed")
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    instance.wait_for("web: listening")
    url = f"http://{lan.GUEST}/static/large.bin"
    common = ["-c", "200", "-r", "200", "-l", "5", "-p", "3", "-u", url]
    attacks = [["-H", "-i", "1"], ["-B", "-i", "1", "-s", "8192"], ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "32"]]
    running = [subprocess.Popen(lan.command("slowhttptest", *attack, *common), cwd=keep, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for attack in attacks]
    try:
        time.sleep(2)
        for _ in range(5):
            answer = lan.run("curl", "-sS", "-m", "20", f"http://{lan.GUEST}/healthz")
            assert answer.stdout == "ok\n", answer.stderr
            time.sleep(0.2)
        open_now = re.search(r"(?m)^http_connections_open (\d+)", lan.run("curl", "-sS", f"http://{lan.GUEST}/metrics").stdout)
        assert int(open_now[1]) > 100, "nobody attacks"
    finally:
        for attack in running:
            attack.wait(60)
    assert lan.run("curl", "-sS", "-m", "20", f"http://{lan.GUEST}/healthz").stdout == "ok\n"
    assert instance.stop() == 0, instance.output()

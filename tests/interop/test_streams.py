"""WebSockets and server-sent events of the image tests/http-server, against Debian's python3-websockets, curl and a
browser."""

import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import pytest

from tests.support.waiting import until


def websockets(lan, source, timeout=120):
    """Runs the body of an async function against the server; it must come to its end."""
    pytest.importorskip("websockets")
    program = textwrap.dedent("""
        import asyncio, sys, websockets
        from websockets.exceptions import ConnectionClosed, InvalidStatusCode
        URL = f"ws://{sys.argv[1]}/echo/boat"
        async def main():
    """) + textwrap.indent(textwrap.dedent(source), "    ") + "\nasyncio.run(asyncio.wait_for(main(), 100))\n"
    result = lan.run("/usr/bin/python3", "-c", program, lan.GUEST, timeout=timeout)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_messages_of_all_sizes_come_back(lan, http_server):
    websockets(lan, """
        async with websockets.connect(URL, max_size=None, compression=None, subprotocols=["chat"]) as socket:
            assert socket.subprotocol == "chat"
            for size in (0, 1, 125, 126, 65535, 65536, 99999):
                await socket.send("ä" * (size // 2))
                assert await socket.recv() == "ä" * (size // 2)
                await socket.send(bytes(range(256)) * (size // 256))
                assert await socket.recv() == bytes(range(256)) * (size // 256)
            await socket.send(["in ", "many ", "pieces"])
            assert await socket.recv() == "in many pieces"
            await asyncio.wait_for(await socket.ping(b"there?"), 60)
            await socket.send("who")
            assert await socket.recv() == "boat"
        # Offered compression is not taken.
        async with websockets.connect(URL) as socket:
            assert socket.extensions == [] and socket.subprotocol is None
            await socket.send("bye")
            try:
                await socket.recv()
                raise AssertionError("no close")
            except ConnectionClosed as closed:
                assert closed.rcvd.code == 1000, closed
    """)
    assert "http: socket closed with 1000" in http_server.output()


def test_violations_are_told_and_harm_nobody(lan, http_server):
    websockets(lan, """
        async with websockets.connect(URL) as other:
            async with websockets.connect(URL) as socket:
                try:
                    await socket.send("x" * 100_001)
                    await socket.recv()
                except ConnectionClosed as closed:
                    assert closed.rcvd.code == 1009, closed
            async with websockets.connect(URL) as socket:
                await socket.send("throw")
                try:
                    await socket.recv()
                    raise AssertionError("no close")
                except ConnectionClosed as closed:
                    assert closed.rcvd.code == 1011, closed
            try:
                await websockets.connect(URL, extra_headers={"Sec-WebSocket-Version": "7"})
            except InvalidStatusCode as refused:
                assert refused.status_code in (400, 426)
            sockets = [await websockets.connect(URL) for _ in range(10)]
            for i, socket in enumerate(sockets):
                await socket.send(str(i))
            assert [await socket.recv() for socket in sockets] == [str(i) for i in range(10)]
            await other.send("still here")
            assert await other.recv() == "still here"
    """)
    assert "thrown over a socket" in http_server.output()
    head = lan.run("curl", "-sS", "-i", "-m", "60", f"http://{lan.GUEST}/echo/x").stdout
    assert head.startswith("HTTP/1.1 426 ") and "Upgrade: websocket" in head


def test_who_still_sends_hears_why_it_is_closed(lan, http_server):
    result = lan.run(sys.executable, "-c", textwrap.dedent("""
        import socket, struct, sys, time
        for _ in range(5):
            s = socket.create_connection((sys.argv[1], 80), timeout=60)
            s.sendall(b"GET /echo/x HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                      b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 101 ")
            size = 2_000_000
            s.sendall(b"\\x82\\xff" + struct.pack("!Q", size) + bytes(4))
            for _ in range(20):  # as programs do that send a message before they read
                s.sendall(bytes(size // 20))
                time.sleep(0.01)
            data = b""
            while chunk := s.recv(4096):
                data += chunk
            assert data[2:4] == struct.pack("!H", 1009), data
            s.close()
    """), lan.GUEST, timeout=200)
    assert result.returncode == 0, result.stderr


def test_a_message_that_is_given_up_is_followed_by_none(lan, http_server):
    result = lan.run(sys.executable, "-c", textwrap.dedent("""
        import socket, sys, time
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(60)
        s.connect((sys.argv[1], 80))
        s.sendall(b"GET /echo/x HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                  b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 101 ")
        s.sendall(b"\\x81\\x89" + bytes(4) + b"impatient")
        time.sleep(1)
        data = b""
        try:
            while (chunk := s.recv(65536)) and b"as if" not in data:
                data += chunk
        except ConnectionResetError:
            pass
        assert b"k" in data and b"as if nothing had happened" not in data, len(data)
    """), lan.GUEST, timeout=200)
    assert result.returncode == 0, result.stderr
    assert http_server.alive()


def test_who_reads_nothing_before_the_handshake_is_dropped(lan, http_server):
    result = lan.run(sys.executable, "-c", textwrap.dedent("""
        import socket, sys, time
        one = b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
        upgrade = (b"GET /echo/x HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                   b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
        streams = []
        for count in range(1960, 2500, 30):  # of one of them the send buffer fills just before the answer to the handshake
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect((sys.argv[1], 80))
            s.sendall(one * count + upgrade)
            streams.append(s)
        deadline = time.monotonic() + 60
        while 1 in (states := [s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0] for s in streams]):  # established
            assert time.monotonic() < deadline, states
            time.sleep(0.1)
    """), lan.GUEST, timeout=200)
    assert result.returncode == 0, result.stderr
    assert http_server.alive()


def test_a_stop_is_told_to_sockets_and_streams(lan, http_server):
    pytest.importorskip("websockets")
    program = textwrap.dedent("""
        import asyncio, sys, websockets
        async def main():
            async with websockets.connect(f"ws://{sys.argv[1]}/echo/x") as socket:
                reader, writer = await asyncio.open_connection(sys.argv[1], 80)
                writer.write(b"GET /events?ever=1 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
                await reader.readuntil(b"id: 3")
                print("connected", flush=True)
                try:
                    await socket.recv()
                except websockets.exceptions.ConnectionClosed as closed:
                    assert closed.rcvd.code == 1001, closed
                await reader.read()
        asyncio.run(asyncio.wait_for(main(), 100))
    """)
    with subprocess.Popen(lan.command("/usr/bin/python3", "-c", program, lan.GUEST), stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline().strip() == "connected"
        assert http_server.stop() == 0, http_server.output()
        assert client.wait(100) == 0
    assert re.search(r"http: served \d+ requests, 0 failed, 0 connections left", http_server.output())


def test_a_silent_socket_is_asked_and_then_dropped(lan, http_server):
    result = lan.run(sys.executable, "-c", textwrap.dedent("""
        import socket, sys
        s = socket.create_connection((sys.argv[1], 80), timeout=60)
        s.sendall(b"GET /echo/x HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                  b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
        data = b""
        try:
            while chunk := s.recv(4096):
                data += chunk
        except ConnectionResetError:
            pass
        assert data.endswith(b"\\r\\n\\r\\n\\x89\\x00"), data
    """), lan.GUEST, timeout=200)
    assert result.returncode == 0, result.stderr
    assert http_server.alive()


def test_events_arrive_one_by_one_and_go_on_where_they_were(lan, http_server):
    url = f"http://{lan.GUEST}/events"
    answer = lan.run("curl", "-sS", "-N", "-i", "-m", "60", url).stdout
    assert "Content-Type: text/event-stream\n" in answer and "Cache-Control: no-store\n" in answer
    assert "Content-Length" not in answer
    events = answer.partition("\n\n")[2]
    assert events == "".join(f"event: count\nid: {i}\ndata: line {i}\ndata: and more\n\n" for i in range(5))
    later = lan.run("curl", "-sS", "-N", "-m", "60", "-H", "Last-Event-ID: 2", url).stdout
    assert re.findall(r"id: (\d)", later) == ["3", "4"]
    # A client that goes away ends its handler.
    before = http_server.output().count("the events have ended")
    assert lan.run("sh", "-c", f"curl -s -N -m 60 '{url}?ever=1' | head -c 20").stdout == "event: count\nid: 0\nd"
    until(lambda: http_server.output().count("the events have ended") > before, http_server.output)
    assert http_server.output().count("the events have ended") == before + 1
    assert http_server.alive()


def test_who_takes_no_events_is_dropped_and_silence_is_filled(lan, http_server):
    result = lan.run(sys.executable, "-c", textwrap.dedent("""
        import socket, sys, time
        def ask(path):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(60)
            s.connect((sys.argv[1], 80))
            s.sendall(b"GET " + path + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            return s
        quiet, flood = ask(b"/quiet"), ask(b"/flood")
        data = b""
        while data.count(b": \\n\\n") < 2:
            more = quiet.recv(4096)
            assert more, data
            data += more
        deadline = time.monotonic() + 60
        while flood.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0] == 1:  # established
            assert time.monotonic() < deadline
            time.sleep(0.1)
    """), lan.GUEST, timeout=200)
    assert result.returncode == 0, result.stderr
    assert "response_not_taken 1\n" in lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}/drops").stdout


def test_a_browser_gets_events_and_an_echo(lan, http_server):
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with tempfile.TemporaryDirectory() as profile:
        browser = subprocess.Popen(
            lan.command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                        f"--user-data-dir={profile}", "--remote-debugging-port=0", f"http://{lan.GUEST}/page"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            http_server.wait_for("http: a browser heard ", timeout=60)
        finally:
            browser.terminate()
            browser.wait(20)
    assert re.search(r"a browser heard \d and ahoy, ✓", http_server.output())


# Asks a browser by its DevTools what a page shows, until all of it has come.
ASK_BROWSER = textwrap.dedent("""
    import asyncio, json, sys, urllib.request, websockets
    async def main():
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/json"))
        page = next(page for page in pages if page["type"] == "page")
        async with websockets.connect(page["webSocketDebuggerUrl"], max_size=None) as devtools:
            shown = ""
            while "waiting" in shown or "Live" not in shown:
                await asyncio.sleep(0.1)
                await devtools.send(json.dumps({"id": 1, "method": "Runtime.evaluate", "params": {"expression": "document.body.innerText"}}))
                while "result" not in (answer := json.loads(await devtools.recv())):
                    pass
                shown = answer["result"]["result"].get("value", "")
        print(shown)
    asyncio.run(asyncio.wait_for(main(), 60))
""")


def test_the_example_live_shows_both_in_a_browser(lan, start):
    pytest.importorskip("websockets")
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    instance = start("live", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    instance.wait_for("live: listening")
    # What a client says it has seen is not believed if it makes no sense.
    first = lan.run(sys.executable, "-c", textwrap.dedent("""
        import sys
        from urllib.request import Request, urlopen
        for last in ("x", "-1", "9" * 30, "7"):
            print(urlopen(Request(f"http://{sys.argv[1]}/events", headers={"Last-Event-ID": last}), timeout=60).readline())
    """), lan.GUEST)
    assert first.stdout.splitlines() == [r"b'id: 0\n'"] * 3 + [r"b'id: 8\n'"], first
    with tempfile.TemporaryDirectory() as profile:
        with subprocess.Popen(
                lan.command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            f"--user-data-dir={profile}", "--remote-debugging-port=0", f"http://{lan.GUEST}/"),
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as browser:
            try:
                port = next(found[1] for line in browser.stderr if (found := re.search(r"DevTools listening on ws://[^:]+:(\d+)", line)))
                asked = lan.run("/usr/bin/python3", "-c", ASK_BROWSER, port, timeout=100)
            finally:
                browser.terminate()
    assert re.search(r"\d connections, up for \d+ s", asked.stdout) and "ahoy, ✓" in asked.stdout, asked
    assert instance.stop() == 0, instance.output()


def test_what_sockets_are_dropped_for_is_counted(lan, http_server):
    result = lan.run(sys.executable, "-c", textwrap.dedent(r"""
        import socket, sys
        def ask(frames):
            s = socket.create_connection((sys.argv[1], 80), timeout=60)
            s.sendall(b"GET /echo/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frames)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        ask(b"\x81\x01x")  # not masked
        ask(b"\xc1\x81" + bytes(4) + b"x")  # a reserved bit
        ask(b"\x81\x81" + bytes(4) + b"\xff")  # not UTF-8
        ask(b"\x82\xff" + bytes(4) + b"\x7f\xff\xff\xff" + bytes(4))
        ask(b"")
        # Asks and asks, and hears none of the answers.
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(60)
        s.connect((sys.argv[1], 80))
        s.sendall(b"GET /echo/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        try:
            while True:
                s.sendall((b"\x89\xfd" + bytes(129)) * 100)
        except ConnectionError:
            pass
    """), lan.GUEST, timeout=200)
    assert result.returncode == 0, result.stderr
    drops = dict(re.findall(r"(?m)^(\w+) (\d+)$", lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}/drops").stdout))
    assert [drops[why] for why in ("websocket_violation", "websocket_too_long", "websocket_silent", "response_not_taken")] == list("3111")

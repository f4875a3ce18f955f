"""The client's end of WebSockets: the image tests/http-server and examples/fetch talk to Debian's python3-websockets, to our
own server, and to one that lies."""

import subprocess
import sys
import textwrap

import pytest

# A server of python3-websockets: an echo that looks at what the client asked for, and closes as it is told.
PEER = textwrap.dedent("""
    import asyncio, websockets
    async def serve(socket):
        assert socket.request_headers["Origin"] == "http://island.test"
        if socket.path == "/stream":
            await socket.send(["in ", "many ", "pieces"])
        await asyncio.wait_for(await socket.ping(b"there?"), 60)
        async for message in socket:
            if message == "close":
                await socket.close(4000, "the tide")
            else:
                await socket.send(message)
    async def main():
        async with websockets.serve(serve, "10.77.0.1", 8001, subprotocols=["chat"], max_size=None, compression=None):
            print("ready", flush=True)
            await asyncio.Future()
    asyncio.run(main())
""")

# One that breaks a rule, by path.
LIAR = textwrap.dedent(r"""
    import base64, hashlib, re, socket, struct, threading
    def serve(s):
        request = b""
        while b"\r\n\r\n" not in request:
            request += s.recv(65536)
        path = request.split()[1].decode()
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)[1]
        assert len(base64.b64decode(key)) == 16
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        if path == "/wrong-key":
            accept = accept[1:] + accept[:1]
        head = b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n"
        if path == "/extension":
            head += b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
        if path == "/page":
            return s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        frames = {"/masked": b"\x81\x81\0\0\0\0x", "/not-utf8": b"\x81\x01\xff", "/long": b"\x82\x7f" + struct.pack("!Q", 1 << 40),
                  "/reserved": b"\xc1\x01x", "/gone": b"\x81\x05hel"}.get(path, b"")
        s.sendall(head + b"\r\n" + frames)  # frames come with the head
        if path == "/gone":
            return s.close()
        try:
            while s.recv(65536):
                pass
        except ConnectionResetError:
            pass
        s.close()
    listener = socket.create_server(("10.77.0.1", 8002))
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
""")


def call(lan, url, more=""):
    return lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}/call?url={url}{more}").stdout


def test_a_client_talks_to_a_server_of_websockets(lan, http_server):
    pytest.importorskip("websockets")
    echoed = "".join(f"same {size}\n" for size in (0, 1, 125, 126, 4096, 65535, 65536, 99999))
    with subprocess.Popen(lan.command("/usr/bin/python3", "-c", PEER), stdout=subprocess.PIPE, text=True) as peer:
        try:
            assert peer.stdout.readline() == "ready\n"
            assert call(lan, "ws://10.77.0.1:8001/") == "open chat\n" + echoed + "closed 1000 \n"
            assert call(lan, "ws://10.77.0.1:8001/", "&say=close&listen=1") == "open chat\n" + echoed + "closed 4000 the tide\n"
            assert call(lan, "ws://10.77.0.1:8001/stream").startswith("open chat\nother 0\n")
        finally:
            peer.kill()
    # And to our own, in the same image.
    assert call(lan, f"ws://{lan.GUEST}/echo/x", "&say=bye&listen=1") == "open chat\n" + echoed + "closed 1000 \n"
    assert call(lan, f"ws://{lan.GUEST}/nothing") == "no: the server has nothing at the WebSocket's address\n"
    assert call(lan, "wss://10.77.0.1/") == "no: wss needs TLS\n"


def test_fetch_says_and_hears(lan, start):
    pytest.importorskip("websockets")
    peer = PEER.replace('assert socket.request_headers["Origin"] == "http://island.test"', 'assert "Origin" not in socket.request_headers')
    with subprocess.Popen(lan.command("/usr/bin/python3", "-c", peer), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == "ready\n"
            for said, heard, status in ((["ahoy", "✓"], "ahoy\n✓\n", 0), (["close"], "fetch: ws://10.77.0.1:8001/: closed with 4000 the tide\n", 1)):
                words = [word for text in said for word in ("-m", text)]
                instance = start("fetch", "--net", f"lan=tap0,ip={lan.GUEST}/24", "--quiet", inside=lan, arguments=[*words, "ws://10.77.0.1:8001/"])
                assert instance.wait() == status and instance.output() == heard, instance.output()
        finally:
            server.kill()


def test_a_client_tells_what_a_server_does_wrong(lan, http_server):
    with subprocess.Popen(lan.command(sys.executable, "-c", LIAR), stdout=subprocess.PIPE, text=True) as peer:
        try:
            assert peer.stdout.readline() == "ready\n"
            for path, told in {"wrong-key": "no: the server's Sec-WebSocket-Accept is not that of our key",
                               "extension": "no: the server takes an extension that was not offered",
                               "page": "no: the server did not open the WebSocket",
                               "masked": "closed 1002 a server's frame is masked",
                               "not-utf8": "closed 1007 a text message is not UTF-8",
                               "long": "closed 1009 the message is too long",
                               "reserved": "closed 1002 a reserved bit is set",
                               "gone": "closed 1006 ",
                               "silent": "closed 1006 "}.items():
                assert call(lan, f"ws://10.77.0.1:8002/{path}").splitlines()[-1] == told, path
        finally:
            peer.kill()
    assert http_server.alive()

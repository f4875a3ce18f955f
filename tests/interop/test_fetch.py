"""The example fetch (holm/http_client.h) against nginx and against a server that misbehaves."""

import contextlib
import hashlib
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pytest

from tests.support.waiting import until

# One answer for each path; whatever else is asked for is told back. Counts connections and requests.
SERVER = textwrap.dedent(r"""
    import socket, sys, threading, time
    connections = [0]
    def head(status, *fields):
        return ("HTTP/1.1 " + status + "\r\n" + "".join(f + "\r\n" for f in fields) + "\r\n").encode()
    def text(content, *fields):
        return head("200 OK", f"Content-Length: {len(content)}", *fields) + content.encode()
    def serve(s):
        connections[0] += 1
        number, answered, data = connections[0], 0, b""
        while True:
            while b"\r\n\r\n" not in data:
                more = s.recv(65536)
                if not more:
                    return s.close()
                data += more
            request, _, data = data.partition(b"\r\n\r\n")
            path = request.split()[1].decode()
            answered += 1
            if path == "/chunked":
                for piece in (head("200 OK", "Transfer-Encoding: chunked"), b"6\r\nhello,\r\n", b"7;x=y\r\n island\r\n", b"0\r\nT: v\r\n\r\n"):
                    s.sendall(piece)
                    time.sleep(0.02)
            elif path == "/until-end":
                s.sendall(head("200 OK") + b"until the end")
                return s.close()
            elif path == "/close-after":
                s.sendall(text("closed by me\n"))
                return s.close()
            elif path.startswith("/away/"):
                s.sendall(head("302 Found", "Location: " + path[5:], "Content-Length: 5") + b"moved")
            elif path == "/loop":
                s.sendall(head("307 Temporary Redirect", "Location: /loop", "Content-Length: 0"))
            elif path == "/secure":
                s.sendall(head("301 Moved", "Location: https://10.77.0.1/", "Content-Length: 0"))
            elif path == "/cut":
                s.sendall(head("200 OK", "Content-Length: 100") + b"only this")
                return s.close()
            elif path == "/nonsense":
                s.sendall(b"220 mail.example ESMTP\r\n\r\n")
            elif path == "/smuggle":
                s.sendall(head("200 OK", "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
            elif path == "/early":
                s.sendall(head("103 Early Hints", "Link: </x>") + text("after the hints\n"))
            elif path == "/once":
                if answered > 1:  # as if it had closed the connection just before the request came
                    return s.close()
                s.sendall(text(f"once on {number}\n"))
            elif path == "/silent":
                time.sleep(300)
            elif path == "/endless":
                s.sendall(head("200 OK", "X: " + "x" * 100000))
            elif path == "/host":
                s.sendall(text(next(line for line in request.decode().split("\r\n") if line.lower().startswith("host:")) + "\n"))
            else:
                s.sendall(text(f"{path} on {number}\n"))
    listener = socket.create_server((sys.argv[1], 8000), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, backlog=50)
    print("ready", flush=True)
    while True:
        threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
""")


@contextlib.contextmanager
def served(lan, address):
    with subprocess.Popen(lan.command(sys.executable, "-c", SERVER, address), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == "ready\n"
        yield
        server.kill()


@pytest.fixture
def peer(lan):
    with served(lan, "10.77.0.1"):
        yield "http://10.77.0.1:8000"


def fetch(lan, start, *arguments, status=0, more=""):
    instance = start("fetch", "--net", f"lan=tap0,ip={lan.GUEST}/24,gw={lan.HOST}{more}", "--quiet", inside=lan, arguments=arguments)
    assert instance.wait() == status, instance.output()
    time.sleep(0.1)  # the tap is free again
    return instance.output()


def test_all_kinds_of_responses(lan, start, peer):
    urls = ["/chunked", "/until-end", "/early", "/away/twice%20x", "/away/../relative", "/close-after", "/close-after", "/plain?q=1"]
    output = fetch(lan, start, *[peer + path for path in urls])
    assert output.startswith("hello, islanduntil the endafter the hints\n"), output
    assert "moved" not in output  # what a redirect says is not what was asked for
    assert re.search(r"(?m)^/twice%20x on \d+$", output) and re.search(r"(?m)^/relative on \d+$", output), output
    assert output.count("closed by me\n") == 2, output
    assert re.search(r"(?m)^/plain\?q=1 on \d+$", output), output


def test_an_address_of_ipv6_stands_in_brackets(lan, start):
    if lan.run("test", "-e", "/proc/net/if_inet6").returncode != 0:
        pytest.skip("this machine's kernel has no IPv6")
    lan.ip("addr", "add", "fd00:77::1/64", "dev", "tap0", "nodad")
    with served(lan, "fd00:77::1"):
        output = fetch(lan, start, "http://[fd00:77::1]:8000/host", "http://[FD00:77::1]:8000/away/host",
                       more=",ip6=fd00:77::2/64")
    assert output.splitlines()[:2] == ["Host: [fd00:77::1]:8000"] * 2, output


def test_connections_are_used_again(lan, start, peer):
    output = fetch(lan, start, "-n", "10", peer + "/a", peer + "/b")
    assert len(set(re.findall(r"/[ab] on (\d+)", output))) == 1, output
    assert "fetch: 20 exchanges on 1 connections" in output


@pytest.mark.usefixtures("http_server")
def test_what_was_sent_into_a_closed_connection_is_sent_again_if_it_may(lan, peer):
    url = f"http://{lan.GUEST}/twice?url={peer}/once"
    assert lan.run("curl", "-sS", "-m", "60", url).stdout == "once on 1\nonce on 2\n2 connections\n"
    told = lan.run("curl", "-sS", "-m", "60", url + "&post=1").stdout.splitlines()
    assert told[0] == "once on 3" and "closed the connection" in told[1] and told[2] == "1 connections", told


def test_what_servers_do_wrong_is_told(lan, start, peer):
    wrong = {"/cut": "before its response was complete", "/nonsense": "status line", "/smuggle": "both Content-Length and",
             "/loop": "too many redirects", "/secure": "https needs TLS", "/endless": "head is too large"}
    output = fetch(lan, start, *[peer + path for path in wrong], "http://10.77.0.1:1/", "ftp://x/", peer + "/fine", status=1)
    for path, what in wrong.items():
        assert re.search(rf"fetch: \S+{path}: .*{re.escape(what)}", output), (path, output)
    assert "fetch: ftp://x/: the URL's scheme is not http" in output
    assert re.search(r"fetch: http://10\.77\.0\.1:1/: \S+", output)
    assert re.search(r"/fine on \d+", output)


@pytest.mark.long
def test_a_silent_server_is_given_up(lan, start, peer):
    began = time.monotonic()
    output = fetch(lan, start, peer + "/silent", status=1)
    assert "the deadline has passed" in output and 9 < time.monotonic() - began < 100  # the server waits for 300


@pytest.mark.usefixtures("http_server")
def test_a_request_that_was_not_sent_whole_ends_its_connection(lan):
    server = textwrap.dedent(r"""
        import socket, sys, time
        listener = socket.create_server(("10.77.0.1", 8001))
        print("ready", flush=True)
        kept = []
        for answer in (b"413 Content Too Large", b"200 OK"):
            kept.append(listener.accept()[0])
            kept[-1].recv(1000)  # and no more
            kept[-1].sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n")
        time.sleep(60)
    """)
    with subprocess.Popen(lan.command(sys.executable, "-c", server), stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout.readline() == "ready\n"
        output = lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}/refused-early").stdout
        peer.kill()
    assert output == "413 200\n"


@pytest.mark.usefixtures("http_server")
def test_a_server_that_answers_while_it_reads_is_heard(lan):
    server = textwrap.dedent(r"""
        import socket
        listener = socket.create_server(("10.77.0.1", 8001))
        print("ready", flush=True)
        s = listener.accept()[0]
        head, _, data = s.recv(65536).partition(b"\r\n\r\n")
        s.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
        while data:
            s.sendall(data)
            data = s.recv(65536)
    """)
    with subprocess.Popen(lan.command(sys.executable, "-c", server), stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout.readline() == "ready\n"
        output = lan.run("curl", "-sS", "-m", "60", f"http://{lan.GUEST}/answered-early").stdout
        peer.kill()
    assert output == "whole\n"


def test_files_of_nginx_arrive_whole(lan, start, keep):
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    root = keep / "root"
    root.mkdir()
    large = b"".join(hashlib.sha256(b"%d" % i).hexdigest().encode() + b"\n" for i in range(40_000))
    (root / "large.txt").write_bytes(large)
    (keep / "nginx.conf").write_text(textwrap.dedent(f"""
        user root; daemon off; worker_processes 1; pid {keep}/pid; error_log {keep}/error.log; events {{}}
        http {{ access_log off; client_body_temp_path {keep}/b; proxy_temp_path {keep}/p; fastcgi_temp_path {keep}/f;
                uwsgi_temp_path {keep}/u; scgi_temp_path {keep}/s;
                server {{ listen {lan.HOST}:80; root {root}; location = /moved {{ return 301 /large.txt; }} }} }}
    """))
    with subprocess.Popen(lan.command("nginx", "-p", str(keep), "-c", str(keep / "nginx.conf"), "-e", str(keep / "error.log")),
                          stderr=subprocess.DEVNULL) as nginx:
        try:
            until(lambda: lan.run("curl", "-sf", "-m", "20", "-o", "/dev/null", f"http://{lan.HOST}/large.txt").returncode == 0)
            output = fetch(lan, start, f"http://{lan.HOST}/moved")
            assert hashlib.sha256(output.encode()).digest() == hashlib.sha256(large).digest()
            shown = fetch(lan, start, "-i", f"http://{lan.HOST}/missing", status=1)
            assert shown.startswith(f"HTTP 404 http://{lan.HOST}/missing\n") and "Server: nginx" in shown
        finally:
            nginx.terminate()

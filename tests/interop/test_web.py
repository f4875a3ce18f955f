"""The web example over a tap, against real clients: curl, ping, nmap, wrk, many connections, odd requests."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pytest


@pytest.fixture
def web(lan, start, every_tender):
    lan.start_capture()
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=every_tender)
    lan.wait_for_page(instance, f"http://{lan.GUEST}/healthz")
    return instance


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def python(lan, source, *arguments, timeout=120):
    """Runs a Python program inside the namespace; it must end with status 0."""
    result = lan.run(sys.executable, "-c", textwrap.dedent(source), *arguments, timeout=timeout)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_page_and_rest_with_curl(lan, web):
    url = f"http://{lan.GUEST}"
    page = lan.run("curl", "-sS", "-i", url + "/")
    assert page.returncode == 0 and page.stdout.startswith("HTTP/1.1 200")
    assert "<html" in page.stdout
    created = lan.run("curl", "-sS", "-i", "-H", "Content-Type: application/json", "-d", '{"name": "boat"}', url + "/api/items")
    assert created.stdout.startswith("HTTP/1.1 201"), created.stdout
    location = re.search(r"(?im)^location: (\S+)", created.stdout)[1]
    item = lan.run("curl", "-sS", url + location)
    assert json.loads(item.stdout)["name"] == "boat"
    assert lan.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", url + location).stdout in ("200", "204")
    assert lan.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", url + location).stdout == "404"
    metrics = lan.run("curl", "-sS", url + "/metrics").stdout
    assert re.search(r"(?m)^# TYPE \w+ counter", metrics)


# What the REST resource answers, in this order: method, path, headers besides Content-Type, content, status, a part of the answer.
REST = [
    ("GET", "", {}, "", 200, "[]"),
    ("POST", "", {}, '{"name": "boat", "quantity": 2}', 201, '{"id":1,"name":"boat","quantity":2}'),
    ("POST", "", {}, '{"name": "boat"}', 409, "already"),
    ("POST", "", {}, '{"name": "oar",}', 400, "line 1, column 16"),
    ("POST", "", {}, '{"name": "oar", "name": "oar"}', 400, "twice"),
    ("POST", "", {}, '[' * 5000, 400, "line 1"),
    ("POST", "", {}, '"oar"', 422, "object"),
    ("POST", "", {}, '{"name": 1}', 422, "name"),
    ("POST", "", {}, '{"name": "oar", "quantity": -1}', 422, "quantity"),
    ("POST", "", {}, '{"quantity": 1}', 422, "name"),
    ("POST", "", {}, '{"name": "oar", "colour": "red"}', 422, "nothing else"),
    ("POST", "", {"Content-Type": "text/plain"}, '{"name": "oar"}', 415, "application/json"),
    ("POST", "", {}, '{"name": "\\u00f6r"}', 201, '"name":"ör"'),
    ("GET", "/1", {}, "", 200, '"boat"'),
    ("PATCH", "/1", {"If-Match": '"7"'}, '{"quantity": 3}', 412, "meanwhile"),
    ("PATCH", "/1", {}, '{"quantity": 3}', 200, '{"id":1,"name":"boat","quantity":3}'),
    ("PUT", "/1", {}, '{"name": "ship"}', 200, '{"id":1,"name":"ship","quantity":0}'),
    ("PUT", "/1", {}, '{"name": "ör"}', 409, "already"),
    ("PATCH", "", {}, "{}", 405, ""),
    ("PATCH", "/7", {}, "{}", 404, "no such item"),
    ("GET", "/x", {}, "", 404, "no such item"),
    ("GET", "/99999999999999999999999", {}, "", 404, "no such item"),
    ("DELETE", "/1", {"If-Match": '"7"'}, "", 412, "meanwhile"),
    ("DELETE", "/1", {}, "", 204, ""),
    ("DELETE", "/1", {}, "", 404, "no such item"),
    ("GET", "", {}, "", 200, '[{"id":2,"name":"ör","quantity":0}]'),
]


def test_the_rest_resource_answers_mistakes_too(lan, start):
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    instance.wait_for("web: listening")
    told = json.loads(python(lan, """
        import http.client, json, sys
        answers = []
        for method, path, headers, content, *_ in json.loads(sys.argv[2]):
            connection = http.client.HTTPConnection(sys.argv[1], timeout=60)
            connection.request(method, "/api/items" + path, content.encode() or None, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            answers.append((answer.status, answer.read().decode()))
        print(json.dumps(answers))
    """, lan.GUEST, json.dumps(REST)))
    for (method, path, _, content, status, part), (got, text) in zip(REST, told, strict=True):
        assert got == status and part in text, (method, path, content[:60], got, text)


def test_large_file_arrives_whole_and_in_ranges(lan, web, keep):
    url = f"http://{lan.GUEST}/static/large.bin"
    whole = keep / "whole"
    assert lan.run("curl", "-sSf", "-o", whole, url).returncode == 0
    content = whole.read_bytes()
    assert len(content) >= 1 << 20
    digests = set()
    for attempt in range(5):
        again = keep / f"again-{attempt}"
        assert lan.run("curl", "-sSf", "-o", again, url).returncode == 0
        digests.add(hashlib.sha256(again.read_bytes()).hexdigest())
    assert digests == {hashlib.sha256(content).hexdigest()}
    part = keep / "part"
    answer = lan.run("curl", "-sSf", "-D", "-", "-o", part, "-r", "1000-70000", url)
    assert answer.stdout.startswith("HTTP/1.1 206")
    assert part.read_bytes() == content[1000:70001]
    etag = re.search(r"(?im)^etag: (\S+)", answer.stdout)[1]
    unchanged = lan.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"If-None-Match: {etag}", url)
    assert unchanged.stdout == "304"


def test_pages_are_packed_for_those_who_take_it(lan, web, keep):
    url = f"http://{lan.GUEST}/static/page.css"
    plain = lan.run("curl", "-sS", "-D", "-", url).stdout
    assert "Vary: Accept-Encoding" in plain and "Content-Encoding" not in plain and "Cache-Control: no-cache" in plain
    packed = lan.run("curl", "-sS", "-D", "-", "-o", keep / "packed", "-H", "Accept-Encoding: gzip", url).stdout
    assert "Content-Encoding: gzip" in packed and "Content-Type: text/css" in packed
    assert gzip.decompress((keep / "packed").read_bytes()).decode() == plain.partition("\n\n")[2]
    squeezed = lan.run("curl", "-sS", "-D", "-", "-o", keep / "squeezed", "-H", "Accept-Encoding: gzip;q=0.5, br", url).stdout
    if "Content-Encoding: br" in squeezed and shutil.which("brotli"):  # where the build had it
        unpacked = subprocess.run(["brotli", "-d", "-c", keep / "squeezed"], check=True, capture_output=True, text=True).stdout
        assert unpacked == plain.partition("\n\n")[2]
    tags = {re.search(r'ETag: ("\w+")', head)[1] for head in (plain, packed)}
    assert len(tags) == 2
    for tag, expected in zip(sorted(tags), ("200", "304")) if min(tags) in plain else zip(sorted(tags), ("304", "200")):
        answer = lan.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Accept-Encoding: gzip",
                         "-H", f"If-None-Match: {tag}", url)
        assert answer.stdout == expected


def test_a_browser_shows_the_page_and_what_is_in_it(lan, start, tmp_path):
    need("chromium")
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, arguments=["--access-log"])
    lan.wait_for_page(instance, f"http://{lan.GUEST}/healthz")
    lan.run("curl", "-sS", "-H", "Content-Type: application/json", "-d", '{"name": "a <b>boat</b> ✓"}', f"http://{lan.GUEST}/api/items")
    shown = lan.run("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=5000", "--dump-dom", f"http://{lan.GUEST}/", timeout=200)
    assert "<li>a &lt;b&gt;boat&lt;/b&gt; ✓<button" in shown.stdout, shown.stdout + shown.stderr
    assert instance.stop() == 0
    for path in ("/", "/static/page.css", "/static/items.js", "/static/island.svg", "/api/items"):
        assert re.search(rf'"GET {path} HTTP/1\.1" 200 \d+ "\S+" "Mozilla', instance.output()), path


def test_access_log_in_the_combined_format(lan, start):
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, arguments=["--access-log"])
    instance.wait_for("web: listening")
    lan.run("curl", "-sS", "-A", 'a "quoted" agent', "-e", "http://there/", f"http://{lan.GUEST}/small?q=1")
    lan.run("curl", "-sS", "-I", f"http://{lan.GUEST}/nothing")
    python(lan, """
        import socket, sys
        s = socket.create_connection((sys.argv[1], 80), timeout=60)
        s.sendall(b"NONSENSE\\r\\n\\r\\n")
        assert s.recv(100).startswith(b"HTTP/1.1 400")
    """, lan.GUEST)
    assert instance.stop() == 0
    when = r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\]"
    client = re.escape(lan.HOST)
    for line in (rf'{client} - - {when} "GET /small\?q=1 HTTP/1\.1" 200 40 "http://there/" "a \\x22quoted\\x22 agent"',
                 rf'{client} - - {when} "HEAD /nothing HTTP/1\.1" 404 - "-" "curl/\S+"',
                 rf'{client} - - {when} "-" 400 - "-" "-"'):
        assert re.search(f"(?m)^{line}$", instance.output()), instance.output()


def test_ping_flood_loses_nothing(lan, web):
    need("ping")
    flood = lan.run("ping", "-f", "-q", "-c", "20000", "-s", "200", lan.GUEST, timeout=200)
    assert " 0% packet loss" in flood.stdout, flood.stdout
    large = lan.run("ping", "-c", "3", "-i", "0.2", "-s", "20000", lan.GUEST)  # in fragments
    assert " 0% packet loss" in large.stdout, large.stdout
    assert web.alive()


def test_nmap_sees_one_open_port(lan, web):
    need("nmap")
    scan = lan.run("nmap", "-n", "-Pn", "-T4", "-p", "70-90", lan.GUEST, timeout=200)
    assert re.search(r"80/tcp\s+open", scan.stdout), scan.stdout
    assert len(re.findall(r"/tcp\s+closed", scan.stdout)) == 20, scan.stdout
    odd = lan.run("nmap", "-n", "-Pn", "-T4", "-sF", "-p", "79-81", lan.GUEST)
    assert re.search(r"80/tcp\s+open\|filtered", odd.stdout), odd.stdout
    probes = lan.run("nmap", "-n", "-Pn", "-T4", "-O", "-p", "79,80", lan.GUEST, timeout=250)
    assert probes.returncode == 0
    assert lan.run("curl", "-sf", "-m", "60", f"http://{lan.GUEST}/healthz").returncode == 0
    assert web.alive()


def test_wrk_meets_no_error(lan, web):
    need("wrk")
    for seconds in (2, 10, 30):  # a busy machine gets longer
        load = lan.run("wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "60s", f"http://{lan.GUEST}/healthz", timeout=200)
        assert "Socket errors" not in load.stdout and "Non-2xx" not in load.stdout, load.stdout
        requests = int(re.search(r"(\d+) requests in", load.stdout)[1])
        if requests > 1000:
            break
    assert requests > 1000


def test_a_thousand_connections_at_once(lan, web):
    python(lan, """
        import socket, sys
        address = (sys.argv[1], 80)
        sockets = [socket.create_connection(address, timeout=60) for _ in range(1000)]
        for s in sockets:
            s.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        for s in sockets:
            assert s.recv(15).startswith(b"HTTP/1.1 200"), "no answer"
        for s in sockets:
            s.close()
    """, lan.GUEST)
    assert web.alive()


def test_half_open_flood_does_not_stop_service(lan, web):
    """Thousands of SYNs from addresses that never answer; a real client is still served."""
    pytest.importorskip("scapy")
    python(lan, """
        import random, socket, sys
        from scapy.all import Ether, IP, TCP, conf
        random.seed(7)
        conf.verb = 0
        mac = open("/proc/net/arp").read().split(sys.argv[1])[1].split()[2]
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("tap0", 0))
        for i in range(3000):
            packet = Ether(dst=mac) / IP(src=f"10.77.0.{random.randrange(3, 250)}", dst=sys.argv[1]) / TCP(
                sport=random.randrange(1024, 65535), dport=80, flags="S", seq=random.getrandbits(32), options=[("MSS", 1460)])
            raw.send(bytes(packet))
    """, lan.GUEST)
    answer = lan.run("curl", "-sS", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}", f"http://{lan.GUEST}/healthz")
    assert answer.stdout == "200"
    assert web.alive()


def test_garbage_frames_are_survived(lan, web):
    python(lan, """
        import random, socket
        random.seed(11)
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("tap0", 0))
        mac = bytes.fromhex(open("/proc/net/arp").read().split("10.77.0.2 ")[1].split()[2].replace(":", ""))
        for i in range(5000):
            kind = random.choice([b"\\x08\\x00", b"\\x08\\x06", b"\\x86\\xdd", b"\\x81\\x00", random.randbytes(2)])
            body = bytearray(random.randbytes(random.randrange(0, 200)))
            if kind == b"\\x08\\x00" and len(body) > 20:
                body[0] = 0x45
                body[9] = random.choice([1, 6, 17])
                body[16:20] = bytes([10, 77, 0, 2])
            try:
                raw.send(mac + b"\\x02\\0\\0\\0\\0\\x01" + kind + bytes(body))
            except OSError:
                pass
    """)
    assert lan.run("curl", "-sf", "-m", "60", f"http://{lan.GUEST}/healthz").returncode == 0
    assert web.alive()


def test_malformed_and_slow_requests_get_an_answer_or_a_close(lan, web):
    python(lan, """
        import socket, sys
        def ask(data, timeout=60):
            s = socket.create_connection((sys.argv[1], 80), timeout=timeout)
            s.sendall(data)
            reply = b""
            try:
                while chunk := s.recv(65536):
                    reply += chunk
            except ConnectionResetError:
                pass
            return reply
        assert ask(b"NONSENSE\\r\\n\\r\\n").startswith(b"HTTP/1.1 400")
        assert ask(b"GET / HTTP/1.1\\r\\n\\r\\n").startswith(b"HTTP/1.1 400")
        assert ask(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nX: " + b"y" * 100000 + b"\\r\\n\\r\\n").startswith(b"HTTP/1.1 431")
        assert ask(b"POST /api/items HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n").startswith(b"HTTP/1.1 400")
        assert ask(b"GET / HTTP/9.9\\r\\nHost: a\\r\\n\\r\\n").startswith(b"HTTP/1.1 505")
    """, lan.GUEST)
    metrics = lan.run("curl", "-sS", f"http://{lan.GUEST}/metrics").stdout
    counted = dict(re.findall(r'(?m)^http_dropped_total\{reason="(\w+)"\} (\d+)$', metrics))
    assert (counted["malformed"], counted["too_large"], counted["unsupported"]) == ("3", "1", "1"), counted
    assert web.alive()


def test_tap_that_goes_down_does_not_end_the_instance(lan, web):
    lan.ip("link", "set", "tap0", "down")
    time.sleep(0.3)
    assert web.alive()
    lan.ip("link", "set", "tap0", "up")
    lan.wait_for_page(web, f"http://{lan.GUEST}/healthz")


def test_stop_is_orderly(lan, web):
    assert web.stop() == 0, web.output()

"""Odd requests, answered by the image tests/http-server and by nginx with the same files: each answer is the one that the RFC's
section asks for or allows, and where nginx answers otherwise the table says why."""

import email.parser
import email.policy
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import textwrap

import pytest

from tests.support.waiting import until

DATED = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789abcdefghijklmnopqrstuvwxyz"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE, AFTER = "Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"
EXACT = "nginx takes its date only as it is, unless told otherwise"

# (what, section, request, statuses, nginx's where they differ, why they do)
# The request: its line ("METHOD TARGET" stands for one of HTTP/1.1 with a Host), its headers, and behind "" the lines that follow
# the head; {etag} is the server's own.
CASES = [
    # Preconditions: RFC 9110 §13
    ("If-None-Match", "9110 13.1.2", ["GET /dated", "If-None-Match: {etag}"], [304]),
    ("a weak tag in it", "9110 13.1.2", ["GET /dated", "If-None-Match: W/{etag}"], [304]),
    ("a list", "9110 13.1.2", ["GET /dated", 'If-None-Match: "x", W/"y" ,{etag}'], [304]),
    ("two headers", "9110 5.3", ["GET /dated", 'If-None-Match: "x"', "If-None-Match: {etag}"], [304], [400],
     "a list may come in several headers; nginx allows that only to some"),
    ("If-Match in two headers", "9110 5.3", ["GET /dated", 'If-Match: "x"', "If-Match: {etag}"], [200], [400], "as above"),
    ("neither of two", "9110 5.3", ["GET /dated", 'If-Match: "x"', 'If-Match: "y"'], [412], [400], "as above"),
    ("any", "9110 13.1.2", ["GET /dated", "If-None-Match: *"], [304]),
    ("another tag", "9110 13.1.2", ["GET /dated", 'If-None-Match: "x"'], [200]),
    ("HEAD with a tag", "9110 13.1.2", ["HEAD /dated", "If-None-Match: {etag}"], [304]),
    ("a date beside a tag does not count", "9110 13.1.3", ["GET /dated", 'If-None-Match: "x"', f"If-Modified-Since: {DATE}"], [200]),
    ("a tag beside an older date", "9110 13.1.3", ["GET /dated", "If-None-Match: {etag}", f"If-Modified-Since: {BEFORE}"], [304],
     [200], "nginx looks at both; a recipient MUST ignore If-Modified-Since if there is an If-None-Match"),
    ("If-Modified-Since", "9110 13.1.3", ["GET /dated", f"If-Modified-Since: {DATE}"], [304]),
    ("a later date", "9110 13.1.3", ["GET /dated", f"If-Modified-Since: {AFTER}"], [304], [200], EXACT),
    ("an earlier date", "9110 13.1.3", ["GET /dated", f"If-Modified-Since: {BEFORE}"], [200]),
    ("no date", "9110 13.1.3", ["GET /dated", "If-Modified-Since: yesterday"], [200]),
    ("a date of RFC 850", "9110 5.6.7", ["GET /dated", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], [304]),
    ("a date of asctime", "9110 5.6.7", ["GET /dated", "If-Modified-Since: Sun Nov  6 08:49:37 1994"], [304]),
    ("If-Match", "9110 13.1.1", ["GET /dated", "If-Match: {etag}"], [200]),
    ("If-Match of anything", "9110 13.1.1", ["GET /dated", "If-Match: *"], [200]),
    ("If-Match of another", "9110 13.1.1", ["GET /dated", 'If-Match: "x"'], [412]),
    ("If-Match compares strongly", "9110 13.1.1", ["GET /dated", "If-Match: W/{etag}"], [412]),
    ("If-Unmodified-Since", "9110 13.1.4", ["GET /dated", f"If-Unmodified-Since: {DATE}"], [200]),
    ("modified since", "9110 13.1.4", ["GET /dated", f"If-Unmodified-Since: {BEFORE}"], [412]),
    ("unmodified since no date", "9110 13.1.4", ["GET /dated", "If-Unmodified-Since: x"], [200], [412],
     "a recipient MUST ignore it if the value is no valid date"),
    ("If-Unmodified-Since beside If-Match", "9110 13.1.4", ["GET /dated", "If-Match: {etag}", f"If-Unmodified-Since: {BEFORE}"],
     [200], [412], "a recipient MUST ignore it if there is an If-Match"),
    ("both tags hold", "9110 13.2.2", ["GET /dated", "If-Match: {etag}", "If-None-Match: {etag}"], [304]),
    # Methods
    ("HEAD", "9110 9.3.2", ["HEAD /dated"], [200]),
    ("OPTIONS of a page", "9110 9.3.7", ["OPTIONS /dated"], [204], [405], "nginx answers OPTIONS to nobody"),
    ("OPTIONS of the server", "9110 9.3.7", ["OPTIONS *"], [204], [400], "nginx does not know the form with the asterisk"),
    ("POST to what is only read", "9110 15.5.6", ["POST /dated", "Content-Length: 0"], [405]),
    ("DELETE of what is only read", "9110 15.5.6", ["DELETE /dated"], [405]),
    ("TRACE", "9110 9.3.8", ["TRACE /dated"], [405]),
    ("CONNECT", "9110 9.3.6", ["CONNECT x:80"], [501], [400], "501: there is no such method here for any target"),
    ("an unknown method", "9110 9.1", ["BREW /dated"], [501], [405], "SHOULD be 501 where the method is unknown"),
    ("a method in lower case", "9110 9.1", ["get /dated"], [501], [400], "methods are case-sensitive: it is an unknown one"),
    ("a long method", "9112 3", ["M" * 300 + " /dated"], [501], [405], "as above"),
    ("a method that fills the line", "9112 3", ["M" * 9000 + " /dated"], [414]),
    ("Expect with content", "9110 10.1.1", ["POST /discard", "Content-Length: 3", "Expect: 100-continue", "", "abc"], [200]),
    ("Expect without content", "9110 10.1.1", ["GET /dated", "Expect: 100-continue"], [200]),
    ("an unknown expectation", "9110 10.1.1", ["GET /dated", "Expect: tea"], [417], [200], "417 is what it MAY be"),
    # Targets
    ("absolute form", "9112 3.2.2", ["GET http://other/dated"], [200]),
    ("absolute form without a path", "9110 4.2.3", ["HEAD http://other?x"], [200]),
    ("a relative target", "9112 3.2", ["GET dated"], [400]),
    ("a fragment", "9112 3.2.1", ["GET /dated#x"], [400], [200], "no target has one; nginx cuts it off"),
    ("escaped letters", "3986 6.2.2.2", ["GET /%64ated"], [200]),
    ("an escaped zero", "9110 17.3", ["GET /dated%00"], [400]),
    ("an escaped slash", "3986 2.2", ["GET /packed%2fpage.txt"], [400], [200], "%2F is no separator, and nginx makes it one"),
    ("half an escape", "3986 2.1", ["GET /dated%4"], [400]),
    ("no escape in the query", "3986 2.1", ["GET /dated?x=%zz"], [400], [200], "it is no URI"),
    ("dot segments", "3986 6.2.2.3", ["GET /packed/../dated"], [400], [200], "clients take them out; whoever leaves them in means harm"),
    ("dot segments above the root", "9110 17.3", ["GET /../dated"], [400]),
    ("escaped dot segments", "9110 17.3", ["GET /packed/%2e%2e/dated"], [400], [200], "as above"),
    ("escaped dot segments above the root", "9110 17.3", ["GET /%2e%2e/%2e%2e/etc/passwd"], [400]),
    ("a backslash", "9110 17.3", ["GET /packed\\page.txt"], [400], [404], "no URI has one"),
    ("an empty segment", "3986 3.3", ["GET //dated"], [404], [200], "another path; nginx merges slashes"),
    ("a slash at the end", "3986 3.3", ["GET /dated/"], [404]),
    ("a space", "9112 3.2", ["GET /da ted"], [400]),
    ("a long target", "9112 3", ["GET /" + "a" * 5000], [414], [404], "nginx has more room: 8 KiB"),
    ("a very long target", "9112 3", ["GET /" + "a" * 9000], [414]),
    # The head
    ("HTTP/1.0 without Host", "9112 3.2", ["GET /dated HTTP/1.0"], [200]),
    ("no Host", "9112 3.2", ["GET /dated HTTP/1.1"], [400]),
    ("two Hosts", "9112 3.2", ["GET /dated", "Host: y"], [400]),
    ("HTTP/2.0", "9110 15.6.6", ["GET /dated HTTP/2.0", "Host: x"], [505]),
    ("HTTP/1.2", "9110 2.5", ["GET /dated HTTP/1.2", "Host: x"], [505], [200],
     "SHOULD be read as the highest minor version of its major one; nobody has made a 1.2, so whoever says so probes"),
    ("obs-fold", "9112 5.2", ["GET /dated", "X: y", " z"], [400]),
    ("space before the colon", "9112 5.1", ["GET /dated", "X : y"], [400]),
    ("no colon", "9112 5", ["GET /dated", "X"], [400], [200], "nginx drops the header"),
    ("a NUL in a value", "9110 5.5", ["GET /dated", "X: \0"], [400]),
    ("a header of 9,000 bytes", "6585 5", ["GET /dated", "X: " + "y" * 9000], [431], [400], "nginx's own 494, sent as 400"),
    ("a hundred headers", "6585 5", ["GET /dated", *[f"X{i}: y" for i in range(100)]], [431], [200], "64 are enough"),
    # Framing
    ("equal lengths", "9112 6.3", ["POST /discard", "Content-Length: 3", "Content-Length: 3", "", "abc"], [400]),
    ("different lengths", "9112 6.3", ["POST /discard", "Content-Length: 3", "Content-Length: 4", "", "abcd"], [400]),
    ("a list of lengths", "9112 6.3", ["POST /discard", "Content-Length: 3, 3", "", "abc"], [400]),
    ("a length with a sign", "9112 6.3", ["POST /discard", "Content-Length: +3", "", "abc"], [400]),
    ("chunked and a length", "9112 6.3", ["POST /discard", "Content-Length: 3", "Transfer-Encoding: chunked", "", "0", "", ""], [400]),
    ("chunked twice", "9112 6.1", ["POST /discard", "Transfer-Encoding: chunked, chunked", "", "0", "", ""], [400], [501],
     "MUST NOT be chunked more than once"),
    ("chunked in two headers", "9112 6.1", ["POST /discard", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "", "0", "", ""],
     [400]),
    ("identity", "9112 6.1", ["POST /discard", "Transfer-Encoding: identity", "", "0", "", ""], [400], [501],
     "the final coding is not chunked: 400"),
    ("gzip, chunked", "9112 6.1", ["POST /discard", "Transfer-Encoding: gzip, chunked", "", "0", "", ""], [501]),
    ("extensions and trailers", "9112 7.1", ["POST /discard", "Transfer-Encoding: chunked", "", '3;a="b;c";d', "abc", "0", "T: v", "", ""], [200]),
    ("a size in 0x", "9112 7.1", ["POST /discard", "Transfer-Encoding: chunked", "", "0x3", "abc", "0", "", ""], [400]),
    ("a chunk longer than it says", "9112 7.1", ["POST /discard", "Transfer-Encoding: chunked", "", "3", "abcd", "0", "", ""], [400]),
    ("a size of 17 digits", "9112 7.1", ["POST /discard", "Transfer-Encoding: chunked", "", "1" + "0" * 16, "abc", "0", "", ""], [413], [400],
     "it is well-formed, and too much"),
    ("chunked in HTTP/1.0", "9112 6.1", ["POST /discard HTTP/1.0", "Transfer-Encoding: chunked", "", "0", "", ""], [400]),
    ("content of a GET is read, not asked", "9110 9.3.1", ["GET /dated", "Content-Length: 23", "", "GET /dated HTTP/1.0", "", ""], [200]),
    # Who answers how much
    ("three at once", "9112 9.3.2", ["GET /dated", "", "HEAD /dated HTTP/1.1", "Host: x", "", "GET /nothing HTTP/1.1", "Host: x", "", ""],
     [200, 200, 404]),
    ("after content, another", "9112 9.3.2", ["POST /discard", "Content-Length: 3", "", "abcGET /dated HTTP/1.1", "Host: x", "", ""], [200, 200]),
    ("nothing after close", "9112 9.6", ["GET /dated", "Connection: close", "", "GET /dated HTTP/1.1", "Host: x", "", ""], [200]),
    ("nothing after a mistake", "9112 9.6", ["GET /dated", "X: \0", "", "GET /dated HTTP/1.1", "Host: x", "", ""], [400]),
    # Accept-Encoding: RFC 9110 §12.5.3
    ("gzip", "9110 12.5.3", ["GET /packed/page.txt", "Accept-Encoding: gzip"], [200]),
    ("no gzip", "9110 12.5.3", ["GET /packed/page.txt", "Accept-Encoding: gzip;q=0"], [200]),
    ("no identity", "9110 12.5.3", ["GET /packed/page.txt", "Accept-Encoding: identity;q=0"], [406], [200],
     "SHOULD be without coding or 406; nginx does not look"),
    ("no identity but gzip", "9110 12.5.3", ["GET /packed/page.txt", "Accept-Encoding: identity;q=0, gzip"], [200]),
    ("nothing at all", "9110 12.5.3", ["GET /packed/page.txt", "Accept-Encoding: *;q=0"], [406], [200], "as above"),
]

# Sends each request on a connection of its own, says that nothing follows, and tells the whole answer.
CLIENT = textwrap.dedent("""
    import pickle, socket, sys
    requests = pickle.load(sys.stdin.buffer)
    answers = []
    for host, request in requests:
        s = socket.create_connection((host, 80), timeout=60)
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        answers.append(answer)
        s.close()
    sys.stdout.buffer.write(pickle.dumps(answers))
""")


def ask(lan, requests):
    """Answers to (host, bytes), by a client inside the namespace."""
    import pickle
    result = lan.run(sys.executable, "-c", CLIENT, text=False, input=pickle.dumps(requests), timeout=120)
    assert result.returncode == 0, result.stderr
    return pickle.loads(result.stdout)


def bytes_of(words, etag):
    line, *rest = (word.replace("{etag}", etag) for word in words)
    end = rest.index("") if "" in rest else len(rest)
    if not re.search(r" HTTP/\d\.\d$", line):
        line, rest, end = line + " HTTP/1.1", ["Host: x", *rest], end + 1
    return ("\r\n".join([line, *rest[:end]]) + "\r\n\r\n" + "\r\n".join(rest[end + 1:])).encode("latin-1")


def responses(data, request):
    """(status, head, content) of each response in `data`."""
    methods = re.findall(rb"(?:^|\n|abc)([A-Z]+) [^\r\n]* HTTP/", request)
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status = int(head.split()[1]) if head.startswith(b"HTTP/1.") else 0
        fields = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head.partition(b"\r\n")[2])
        if status < 200:
            continue
        method = methods[min(len(found), len(methods) - 1)] if methods else b"GET"
        content = b""
        if method != b"HEAD" and status not in (204, 304):
            if fields["Transfer-Encoding"] == "chunked":
                while True:
                    size, _, data = data.partition(b"\r\n")
                    content += data[:int(size, 16)]
                    data = data[int(size, 16) + 2:]
                    if int(size, 16) == 0:
                        break
            else:
                size = int(fields["Content-Length"]) if fields["Content-Length"] else len(data)
                content, data = data[:size], data[size:]
        found.append((status, fields, content))
    return found


@pytest.fixture
def instance(lan, start):
    server = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    server.wait_for("http: ready")
    return server


@pytest.fixture
def nginx(lan, keep):
    """nginx with the same files, its address; None where there is none."""
    if shutil.which("nginx") is None:
        yield None
        return
    root = keep / "root"
    (root / "packed").mkdir(parents=True)
    for name, content in (("dated", DATED), ("index.html", b"quick\n"), ("packed/page.txt", b"plain\n"), ("packed/page.txt.gz", b"(gzip)\n")):
        (root / name).write_bytes(content)
        os.utime(root / name, (784111777, 784111777))
    (keep / "nginx.conf").write_text(textwrap.dedent(f"""
        user root; daemon off; worker_processes 1; pid {keep}/pid; error_log {keep}/error.log; events {{}}
        http {{ access_log {keep}/access.log combined; default_type text/plain; types {{}} client_body_temp_path {keep}/b;
                proxy_temp_path {keep}/p; fastcgi_temp_path {keep}/f; uwsgi_temp_path {keep}/u; scgi_temp_path {keep}/s;
                server {{ listen {lan.HOST}:80; root {root}; gzip_static on;
                          location = /discard {{ return 200 "gone\\n"; }} }} }}
    """))
    with subprocess.Popen(lan.command("nginx", "-p", str(keep), "-c", str(keep / "nginx.conf"), "-e", str(keep / "error.log")),
                          stderr=subprocess.DEVNULL) as process:
        until(lambda: lan.run("curl", "-sf", "-m", "20", "-o", "/dev/null", f"http://{lan.HOST}/dated").returncode == 0)
        yield lan.HOST
        process.terminate()


def etag_of(lan, host):
    head = lan.run("curl", "-sSI", "-m", "60", f"http://{host}/dated").stdout
    return re.search(r"(?im)^etag: (\S+)", head)[1]


def test_odd_requests_are_answered_as_the_rfc_says(lan, instance, nginx):
    hosts = [lan.GUEST] + ([nginx] if nginx else [])
    etags = {host: etag_of(lan, host) for host in hosts}
    requests = [(host, bytes_of(words, etags[host])) for _, _, words, *_ in CASES for host in hosts]
    answers = iter(zip(requests, ask(lan, requests)))
    wrong = []
    for what, section, _, expected, *other in CASES:
        for host in hosts:
            (_, request), data = next(answers)
            got = [status for status, _, _ in responses(data, request)]
            wanted = other[0] if other and host == nginx else expected
            if got != wanted:
                wrong.append(f"{'nginx: ' if host == nginx else ''}{what} (RFC {section}): {got}, not {wanted}")
        assert not other or other[1], f"{what}: why does nginx differ?"
    assert not wrong, "\n".join(wrong)
    assert instance.alive()


def test_accepted_codings_decide_the_form(lan, instance, nginx):
    for host in [lan.GUEST] + ([nginx] if nginx else []):
        for accept, form in (("gzip", "(gzip)\n"), ("gzip;q=0", "plain\n"), ("br, deflate", "plain\n"), ("GZIP;q=0.001, br", "(gzip)\n")):
            answer = lan.run("curl", "-sS", "-m", "60", "-H", f"Accept-Encoding: {accept}", f"http://{host}/packed/page.txt").stdout
            assert answer == form, (host, accept, answer)


def ranges_of(value, size):
    """What RFC 9110 §14.1.2 says of a Range header's value: (first, behind the last) of the ranges that are there, or None."""
    found = []
    for spec in filter(None, (spec.strip() for spec in value.removeprefix("bytes=").split(","))):
        match = re.fullmatch(r"(\d*)-(\d*)", spec)
        if not match or spec == "-" or (match[1] and match[2] and int(match[2]) < int(match[1])):
            return None
        first = int(match[1]) if match[1] else max(0, size - int(match[2]))
        last = int(match[2]) if match[1] and match[2] else size - 1
        if first < size:
            found.append((first, min(last, size - 1) + 1))
    return found if "-" in value else None


def why_whole(value, size):
    """Why a server may send the whole (RFC 9110 §14.2, §17.15), and ours does."""
    found = ranges_of(value, size)
    if found is None:
        return "malformed"
    ordered = sorted(found)
    if any(after < before for (_, before), (after, _) in zip(ordered, ordered[1:])):
        return "overlap"
    return "many" if len(list(filter(None, value.split(",")))) > 16 else None


def range_values(count):
    chance = random.Random(14)
    places = [0, 1, 2, 9, 10, 49, 50, 51, 90, 98, 99, 100, 101, 500, 99999999999999999999]
    yield from ("bytes=0-", "bytes=-1", "bytes=-100", "bytes=-500", "bytes=0-0,-1", "bytes=500-600", "bytes=500-600,700-", "bytes=0-0,500-",
                "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,x", "bytes=0-0, 2-2", "bytes=0-9,5-14", "bytes=0-,0-,0-", "lines=0-5",
                "bytes=" + ",".join(f"{2 * i}-{2 * i}" for i in range(16)), "bytes=" + ",".join(f"{2 * i}-{2 * i}" for i in range(40)))
    for _ in range(count):  # apart from each other, in any order
        ends = sorted(chance.sample(range(130), 2 * chance.randrange(2, 6)))
        specs = [f"{first}-{last}" for first, last in zip(ends[::2], ends[1::2])]
        chance.shuffle(specs)
        yield "bytes=" + chance.choice([",", ", "]).join(specs)
    for _ in range(count):
        specs = []
        for _ in range(chance.randrange(1, 5)):
            first, last = sorted(chance.sample(places, 2))
            specs.append(chance.choice([f"{first}-{last}", f"{first}-{last}", f"{first}-{last}", f"{first}-", f"-{chance.choice(places[1:])}"]))
        yield "bytes=" + chance.choice([",", ", "]).join(specs)


def parts_of(answer):
    """Status, and (Content-Range, bytes) of each part."""
    status, fields, content = answer
    if fields.get_content_type() != "multipart/byteranges":
        return status, [(fields["Content-Range"], content if status == 206 else b"")]
    assert fields["Content-Range"] is None  # RFC 9110 §15.3.7.2
    line = b"\r\n--" + fields.get_param("boundary").encode()
    before, *parts, end = content.split(line)
    assert before == b"" and end == b"--\r\n", content
    found = []
    for part in parts:
        head, _, data = part.partition(b"\r\n\r\n")
        assert b"Content-Type: text/plain" in head, part
        found.append((re.search(rb"Content-Range: ([^\r]*)", head)[1].decode(), data))
    return status, found


def test_ranges_are_those_of_nginx(lan, instance, nginx):
    values = list(range_values(150))
    hosts = [lan.GUEST] + ([nginx] if nginx else [])
    requests = [(host, f"GET /dated HTTP/1.1\r\nHost: x\r\nRange: {value}\r\n\r\n".encode()) for value in values for host in hosts]
    answers = iter(zip(requests, ask(lan, requests)))
    whole = dict.fromkeys(("malformed", "overlap", "many"), 0)
    compared = several = 0
    for value in values:
        ours, *others = [parts_of(responses(data, request)[0]) for (_, request), data in (next(answers) for _ in hosts)]
        if why := why_whole(value, 100) if value.startswith("bytes=") else "malformed":
            assert ours == (200, [(None, b"")]), (value, ours)
            whole[why] += 1
            continue
        expected = [(f"bytes {first}-{behind - 1}/100", DATED[first:behind]) for first, behind in ranges_of(value, 100)]
        assert ours == ((206, expected) if expected else (416, [("bytes */100", b"")])), (value, ours)
        several += len(expected) > 1
        for theirs in others:
            if "9" * 20 in value:  # of a position beyond 64 bits nginx thinks that it is none
                continue
            assert theirs == ours, value
            compared += 1
    assert several > 100 and all(whole.values()), (several, whole)
    assert compared > 100 or not nginx


LINE = re.compile(r'(\S+) - (\S+) \[([^\]]+)\] "((?:[^"\\]|\\x[0-9A-F]{2})*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\x[0-9A-F]{2})*)" '
                  r'"((?:[^"\\]|\\x[0-9A-F]{2})*)"')


def test_the_access_log_is_that_of_nginx(lan, start, nginx, keep):
    """Field by field. Of no content Apache's format says "-" and nginx's 0; what is no request has no line here."""
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, arguments=["--combined-log"])
    instance.wait_for("http: ready")
    asked = [["GET /dated", "User-Agent: plain/1.0 (x; y)", "Referer: http://there/?a=b"],
             ["GET /dated", 'User-Agent: a "quoted" \\ agent', "Referer: \"\\x22"],
             ["GET /dated", 'User-Agent: " 200 0 "-" "forged', "Referer: -"],
             ["GET /dated", "User-Agent: tab\tand \xff\xe4\x80"],
             ["GET /dated?q=%22%0d%0a127.0.0.1%20-%20-&r='%3Cscript%3E'"],
             ["GET /dated", "User-Agent:", "Referer: " + "r" * 300],
             ["HEAD /dated"], ["GET /dated HTTP/1.0"], ["GET /nothing"], ["POST /dated", "Content-Length: 0"],
             ["GET /dated", "Range: bytes=5-14"], ["GET /dated", f"If-Modified-Since: {DATE}"],
             ["GET /dated", "Range: bytes=700-"], ["GET http://other/dated"]]
    hosts = [lan.GUEST] + ([nginx] if nginx else [])
    ask(lan, [(host, bytes_of(words, "")) for words in asked for host in hosts])
    nonsense = [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\0b\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n",
                b"GET /\n10.0.0.1 - - forged HTTP/1.1\r\nHost: x\r\n\r\n"]
    ask(lan, [(lan.GUEST, request) for request in nonsense])
    assert instance.stop() == 0
    lines = [line for line in instance.output().splitlines() if line.startswith(lan.HOST)]
    assert all(LINE.fullmatch(line) for line in lines), lines
    ours = [LINE.fullmatch(line).groups() for line in lines]
    assert [line[3:6] for line in ours[len(asked):]] == [("-", "400", "-")] * len(nonsense), ours[len(asked):]
    assert ours[2][6:] == ("-", "\\x22 200 0 \\x22-\\x22 \\x22forged")
    if not nginx:
        return
    theirs = [LINE.fullmatch(line).groups() for line in (keep / "access.log").read_text().splitlines()]
    theirs = [line for line in theirs if "curl/" not in line[7]]
    assert len(theirs) == len(asked)
    for mine, other in zip(ours, theirs):
        status = mine[4]
        mine, other = list(mine), list(other)
        for line in (mine, other):
            assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+\d{4}", line[2]), line
            line[2], line[7] = "", line[7] or "-"  # a header without a value is none here
            line[5] = line[5].replace("-", "0") if status[0] in "23" else ""  # each has pages of its own about mistakes
        assert mine == other

"""The language of tests/script/README.md, as far as Linux can be asked to do what a line says."""

import dataclasses
import re

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
FLAGS = {"S": SYN, "F": FIN, "R": RST, "P": PSH, "U": URG, "E": ECE, "W": CWR, ".": ACK, "-": 0}
ECN = {"not-ect": 0, "ect": 2, "ce": 3}

# What only our layer can be told or asked.
SETTINGS = {"tso", "receive-buffer", "send-buffer", "max-half-open", "max-connections", "max-time-wait", "connect-timeout",
            "max-receive-buffer", "max-send-buffer", "max-buffer-bytes", "max-orphans", "pacing", "user-timeout-option", "ecn",
            "no-options", "mtu"}
OURS = {"hold", "release", "full", "unreachable", "send-reference"}
# Inner values, named as our layer has them: not compared.
INNER = {"connections", "time-wait-entries", "buffer-bytes", "half-open", "no-deadline", "cwnd", "ssthresh", "rto", "send-space",
         "receive-limit", "user-timeout"}


class NotApplicable(Exception):
    """Why Linux cannot be asked."""


@dataclasses.dataclass
class Segment:
    flags: int = 0
    begin: int = 0
    length: int = 0
    ack: int | None = None
    window: int | None = None
    options: dict | None = None  # mss, wscale, sackOK, TS: (val, ecr), sack: [(begin, end)], uto
    ecn: int | None = None
    bad_checksum: bool = False
    any_sequence: bool = False


@dataclasses.dataclass
class Line:
    number: int
    delay: float
    kind: str  # "<", ">" or "call"
    segment: Segment | None = None
    words: tuple = ()


def _options(text):
    found = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        words = item.replace(":", " ").split()
        if words[0] in ("mss", "wscale", "uto"):
            found[words[0]] = int(words[1])
        elif words[0] == "sackOK":
            found["sackOK"] = True
        elif words[0] == "TS":
            found["TS"] = (int(words[2]), int(words[4]))
        elif words[0] == "sack":
            found.setdefault("sack", []).append((int(words[1]), int(words[2])))
        elif words[0] != "none":
            raise NotApplicable(f"option {words[0]}")
    return found


def _segment(text):
    segment = Segment()
    if found := re.search(r"<([^>]*)>", text):
        segment.options = _options(found[1])
        text = text[:found.start()] + text[found.end():]
    words = text.split()
    segment.flags = sum(FLAGS[letter] for letter in words.pop(0))
    while words:
        word = words.pop(0)
        if numbers := re.fullmatch(r"(\d+):(\d+)\((\d+)\)", word):
            segment.begin, segment.length = int(numbers[1]), int(numbers[3])
        elif word == "ack":
            segment.ack = int(words.pop(0))
        elif word == "win":
            segment.window = int(words.pop(0))
        elif word in ECN:
            segment.ecn = ECN[word]
        elif word == "bad-checksum":
            segment.bad_checksum = True
        elif word == "any":
            segment.any_sequence = True
        else:
            raise NotApplicable(f"'{word}' is between us and our device")
    return segment


def _line(number, text):
    delay = 0.0
    if text.startswith("+"):
        first, _, text = text.partition(" ")
        delay, text = float(first[1:]), text.strip()
    if text[:1] in ("<", ">"):
        return Line(number, delay, text[0], _segment(text[1:].strip()))
    words = tuple(text.split()) or ("wait",)
    if words[0] in SETTINGS or words[0] in OURS:
        raise NotApplicable(f"'{words[0]}' is a matter of our layer")
    return Line(number, delay, "call", words=words)


def _given(line):
    """`given STATE …` as the lines that bring a connection there (Player::given)."""
    words = list(line.words[2:])
    state = line.words[1]
    offered, window, delay, stamps = "mss 1460", "65535", "", False
    while words:
        word = words.pop(0)
        if word == "ts":
            stamps = True
        elif word == "sack":
            offered += ",sackOK"
        elif word == "wscale":
            offered += ",wscale " + words.pop(0)
        elif word == "mss":
            offered = "mss " + words.pop(0)
        elif word == "win":
            window = words.pop(0)
        elif word == "rtt":
            delay = f"+{words.pop(0)} "
    stamp, echo = (",TS val 100 ecr 0", " <TS val 100 ecr 0>") if stamps else ("", "")
    after = f" win {window}{echo}"
    if state == "SYN-SENT":
        lines = ["connect", "> S 0:0(0)"]
    else:
        lines = ["listen 80", f"< S 0:0(0) win {window} <{offered}{stamp}>", "> S. 0:0(0) ack 1"]
        if state != "SYN-RECEIVED":
            lines += [f"{delay}< . 1:1(0) ack 1{after}", "accept"]
    if state in ("FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "TIME-WAIT"):
        lines += ["shutdown", "> F. 1:1(0) ack 1"]
    if state in ("FIN-WAIT-2", "TIME-WAIT"):
        lines.append(f"< . 1:1(0) ack 2{after}")
    if state == "TIME-WAIT":
        lines += [f"< F. 1:1(0) ack 2{after}", "> . 2:2(0) ack 2"]
    if state == "CLOSING":
        lines += [f"< F. 1:1(0) ack 1{after}", "> . 2:2(0) ack 2"]
    if state in ("CLOSE-WAIT", "LAST-ACK"):
        lines += [f"< F. 1:1(0) ack 1{after}", "> . 1:1(0) ack 2"]
    if state == "LAST-ACK":
        lines += ["shutdown", "> F. 1:1(0) ack 2"]
    return [_line(line.number, text) for text in lines]


def parse(text):
    """The lines of a script; NotApplicable if one of them is about our layer alone."""
    lines = []
    for number, raw in enumerate(text.splitlines(), 1):
        content = raw.split("#")[0].strip()
        if not content:
            continue
        line = _line(number, content)
        lines += _given(line) if line.words[:1] == ("given",) else [line]
    return lines

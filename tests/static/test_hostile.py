"""docs/hostile-network.md: for each kind of bad input what bounds it, how it is counted, what shows it. All three exist."""

import re

from tests.static.tree import ROOT

PAGE = ROOT / "docs" / "hostile-network.md"
PLACE = re.compile(r"`([\w./]+):(\w+)`")
SCRIPT = re.compile(r"`([\w-]+/[\w-]+)`")
TEST = re.compile(r"`([\w/]+\.(?:cpp|py))(?:: ([^`]+))?`")
COUNTER = re.compile(r"`(\w+)`")
# The words of issue and page alike.
ITEMS = ["spoofed RST", "spoofed SYN", "spoofed ACK", "SYN flood", "ACK storm", "optimistic ACK", "shrunk window", "zero-window", "silly",
         "overlapping", "tiny", "ICMP that lies", "ARP poisoning", "ND poisoning", "RA flood", "DNS answers", "DHCP servers"]


def rows():
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("|") and not line.startswith(("|---", "| what |")):
            yield number, [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def joined(source):
    """The text with what line breaks inside of strings have cut put together again."""
    return re.sub(r'"\s*\n\s*"', "", source)


def test_what_the_page_names_exists():
    counters = (ROOT / "net/drop.h").read_text() + (ROOT / "net/tcp/configuration.h").read_text() + (
        ROOT / "kernel/network/resolver.h").read_text()
    wrong, whats = [], []
    for number, cells in rows():
        where = f"{PAGE.name}:{number}"
        if len(cells) != 4 or not all(cells):
            wrong.append(f"{where}: four columns, none empty")
            continue
        what, bounds, counts, tests = cells
        whats.append(what)
        for file, name in PLACE.findall(bounds):
            path = ROOT / file
            if not path.is_file() or not re.search(rf"\b{name}\b", path.read_text()):
                wrong.append(f"{where}: {file} has no {name}")
        if not PLACE.search(bounds):
            wrong.append(f"{where}: bounded by what?")
        for name in COUNTER.findall(counts):
            if not re.search(rf'"{name}"|\b{name} = 0;', counters):
                wrong.append(f"{where}: nothing is counted as {name}")
        for name in SCRIPT.findall(tests):
            if not (ROOT / "tests" / "script" / "tcp" / f"{name}.script").is_file():
                wrong.append(f"{where}: there is no script {name}")
        named = TEST.findall(tests)
        for file, title in named:
            path = ROOT / "tests" / file
            if not path.is_file() or (title and title not in joined(path.read_text())):
                wrong.append(f"{where}: {file} has no test '{title}'")
        if not SCRIPT.search(tests) and not any(file.startswith(("simulation/", "unit/")) for file, _ in named):
            wrong.append(f"{where}: no script, no simulation")
    wrong += [f"{PAGE.name}: nothing about {item}" for item in ITEMS if not any(item in what for what in whats)]
    assert not wrong, "\n".join(wrong)
